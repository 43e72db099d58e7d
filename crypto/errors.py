"""Everything that the sealed formats refuse, as one tree; each leaf has its stable word (format.md section 12).

CryptoError
├── SealedError                   (a sealed report that is not one of ours, or not whole)
│   ├── SizeError                 size
│   ├── PrefixError               prefix
│   ├── HeaderError               header
│   ├── NoMatchError              no-match
│   ├── MacError                  mac
│   └── PayloadError              payload
├── ContentError                  (what was sealed is not a report of this call)
│   ├── PaddingError              padding
│   ├── ContainerError            container
│   ├── TooLargeError             too-large
│   ├── ReportError               report
│   ├── JsonDuplicateError        json-duplicate
│   ├── VersionError              version
│   ├── WrongCallError            wrong-call
│   └── HandleMismatchError       handle-mismatch
├── ReceiptError                  receipt
├── LogError                      (a log that breaks a rule or contradicts itself)
│   ├── LogCallError              log-call
│   ├── LogEntryError             log-entry
│   ├── LogDuplicateError         log-duplicate
│   ├── LogWithdrawError          log-withdraw
│   ├── LogInconsistentError      log-inconsistent
│   ├── LogUnsignedTailError      log-unsigned-tail
│   └── PromiseBrokenError        promise-broken
├── BundleError                   (what left the server is not whole)
│   ├── ManifestError             manifest
│   ├── EnvelopeError             envelope
│   ├── EnvelopeMissingError      envelope-missing
│   └── EnvelopeUnloggedError     envelope-unlogged
├── SignatureError                signature
└── CustodyError                  (a private key that cannot be brought back)
    ├── KeyParamsError            key-params
    ├── KeyOpenError              key-open
    ├── KeyMismatchError          key-mismatch
    └── ShareError                share

A message is one plain sentence. It never holds an answer, a name, a path or a byte of what was refused.
"""

from __future__ import annotations

from typing import ClassVar


class CryptoError(Exception):
    """Base of all that this package refuses; `word` is the stable word of format.md section 12."""

    word: ClassVar[str]


class SealedError(CryptoError):
    """A sealed report that is not one of ours, or is not whole."""


class SizeError(SealedError):
    """The length is none that a sealed report of this call can have (section 3)."""

    word = "size"


class PrefixError(SealedError):
    """The first bytes are not those of an age file for post-quantum recipients (section 5)."""

    word = "prefix"


class HeaderError(SealedError):
    """The age header breaks its syntax, or the profile of section 3."""

    word = "header"


class NoMatchError(SealedError):
    """None of the identities given opens any of the stanzas."""

    word = "no-match"


class MacError(SealedError):
    """The header was changed after it was sealed."""

    word = "mac"


class PayloadError(SealedError):
    """The payload was changed, cut, extended or put out of order."""

    word = "payload"


class ContentError(CryptoError):
    """What was sealed is not a report of this call (section 2)."""


class PaddingError(ContentError):
    """The container is not the least power of two that fits, or its padding is not zero."""

    word = "padding"


class ContainerError(ContentError):
    """The container is not the one tar file that its content can have."""

    word = "container"


class TooLargeError(ContentError):
    """A report and its files do not fit into the largest size of the call."""

    word = "too-large"


class ReportError(ContentError):
    """The report is not canonical JSON with exactly the keys and values of section 2."""

    word = "report"


class JsonDuplicateError(ContentError):
    """A JSON object names the same key twice."""

    word = "json-duplicate"


class VersionError(ContentError):
    """The report is of a version that this software does not know."""

    word = "version"


class WrongCallError(ContentError):
    """The report was written for another call, or for another text of this call."""

    word = "wrong-call"


class HandleMismatchError(ContentError):
    """The report is not the one that the log names at this place."""

    word = "handle-mismatch"


class ReceiptError(CryptoError):
    """A receipt is not 32 digits with the right check number (section 4)."""

    word = "receipt"


class LogError(CryptoError):
    """A log that breaks a rule of section 7 or contradicts what was kept of it."""


class LogCallError(LogError):
    """The log does not begin with this call."""

    word = "log-call"


class LogEntryError(LogError):
    """An entry is malformed, or stands where none of its kind may stand."""

    word = "log-entry"


class LogDuplicateError(LogError):
    """A handle or a digest stands in two report entries."""

    word = "log-duplicate"


class LogWithdrawError(LogError):
    """A withdrawal does not fit its handle."""

    word = "log-withdraw"


class LogInconsistentError(LogError):
    """Two checkpoints or proofs of one log contradict each other."""

    word = "log-inconsistent"


class LogUnsignedTailError(LogError):
    """Entries stand after the last signed checkpoint."""

    word = "log-unsigned-tail"


class PromiseBrokenError(LogError):
    """A signed promise was not kept."""

    word = "promise-broken"


class BundleError(CryptoError):
    """What left the server is not whole (section 10)."""


class ManifestError(BundleError):
    """The bundle is not byte for byte the ZIP file that its manifest describes."""

    word = "manifest"


class EnvelopeError(BundleError):
    """An envelope is not the one that its name or the log says."""

    word = "envelope"


class EnvelopeMissingError(BundleError):
    """An envelope that must be there is not."""

    word = "envelope-missing"


class EnvelopeUnloggedError(BundleError):
    """An envelope is there that the log does not name."""

    word = "envelope-unlogged"


class SignatureError(CryptoError):
    """A signature does not verify, or is not by the key that was asked for."""

    word = "signature"


class CustodyError(CryptoError):
    """A private key that cannot be brought back (section 11)."""


class KeyParamsError(CustodyError):
    """The key file is malformed, or asks for a cost outside the bounds."""

    word = "key-params"


class KeyOpenError(CustodyError):
    """The passphrase does not open the key file."""

    word = "key-open"


class KeyMismatchError(CustodyError):
    """The key that came out is not the one that was announced."""

    word = "key-mismatch"


class ShareError(CustodyError):
    """The shares are malformed, too few, or not of one key."""

    word = "share"
