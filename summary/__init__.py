"""Anonymized releases: tables, bands, audit, ledger, archive, documents and the coordinators' command (disclosure.md)."""
