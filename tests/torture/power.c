/* A disk that forgets what was not flushed, and a power cut at a chosen instant: named by LD_PRELOAD, read by tests/torture/power.py.
 *
 * Under POWER_TREES (folders, with : between) every write() and truncation of a regular file is preceded by a record of what it overwrites, kept in POWER_LEDGER, one
 * file an inode; fsync() and fdatasync(), once they have returned, strike out what was recorded before they began. A rename is recorded
 * with its folder and struck out when the folder is flushed. When every process is dead, what still is recorded is what a power cut
 * may take back. Not modelled: memory-mapped writes, names that were made or removed without a flush of their folder, and a disk that lies.
 * POWER_LIES=1 is that disk: flushes strike out nothing. It is there to see that the search for lost promises finds some.
 *
 * POWER_CUT=n kills the process (SIGKILL) at its n-th event: before a flush, after it, before a rename, before a message is sent.
 * POWER_STOP=n stops it there (SIGSTOP), POWER_STOP=rename before its first rename, until it is told to go on.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(function) \
    static __typeof__(function) *real; \
    if (!real) real = (__typeof__(function) *)dlsym(RTLD_NEXT, #function)

static long events;
static pid_t counted;

static void event(void)
{
    const char *cut = getenv("POWER_CUT"), *stop = getenv("POWER_STOP");
    if (!cut && !stop) return;
    if (counted != getpid()) { counted = getpid(); __atomic_store_n(&events, 0, __ATOMIC_SEQ_CST); }
    long now = __atomic_add_fetch(&events, 1, __ATOMIC_SEQ_CST);
    if (cut && now == atol(cut)) syscall(SYS_kill, getpid(), SIGKILL);
    if (stop && now == atol(stop)) syscall(SYS_kill, getpid(), SIGSTOP);
}

static void event_of_renaming(void)
{
    static long renamed;
    const char *stop = getenv("POWER_STOP");
    event();
    if (stop && !strcmp(stop, "rename") && __atomic_add_fetch(&renamed, 1, __ATOMIC_SEQ_CST) == 1) syscall(SYS_kill, getpid(), SIGSTOP);
}

static int below(const char *path)
{
    for (const char *tree = getenv("POWER_TREES"); tree && *tree; tree += strcspn(tree, ":"), tree += *tree == ':')
        if (!strncmp(path, tree, strcspn(tree, ":"))) return 1;
    return 0;
}

/* The status of a file that is guarded; 0 when it is not. */
static int guarded(int fd, struct stat *status, mode_t kind)
{
    char link[64], path[PATH_MAX];
    if (!getenv("POWER_LEDGER") || fstat(fd, status) || (status->st_mode & S_IFMT) != kind || !status->st_nlink) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return below(path);
}

static void name_of(char *name, const struct stat *status)
{
    snprintf(name, PATH_MAX, "%s/%llu.%s", getenv("POWER_LEDGER"), (unsigned long long)status->st_ino,
             S_ISDIR(status->st_mode) ? "names" : "undo");
}

/* Open and lock a ledger; its first 8 bytes say from where on it counts. */
static int ledger(const struct stat *status, int create)
{
    char name[PATH_MAX];
    uint64_t start = 8;
    name_of(name, status);
    int fd = syscall(SYS_openat, AT_FDCWD, name, O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0666);
    if (fd < 0) return -1;
    if (create) fchmod(fd, 0666);
    flock(fd, LOCK_EX);
    if (lseek(fd, 0, SEEK_END) < 8) syscall(SYS_pwrite64, fd, &start, (size_t)8, (off_t)0);
    return fd;
}

static void append(int fd, const void *bytes, size_t size)
{
    syscall(SYS_pwrite64, fd, bytes, size, lseek(fd, 0, SEEK_END));
}

/* Record what `size` bytes at `at` are before they change; `kind` is 'w' or 't'. */
static void record(int fd, const struct stat *status, char kind, uint64_t at, uint64_t size)
{
    uint64_t head[4] = {(uint64_t)kind, at, 0, (uint64_t)status->st_size};
    if (at < head[3]) head[2] = size < head[3] - at ? size : head[3] - at;
    char *record = malloc(sizeof head + 8 + head[2]);
    if (!record) abort();
    memcpy(record, head, sizeof head);
    memcpy(record + sizeof head, &size, 8);
    /* a file that may only be written is read through a second opening */
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    int reading = head[2] ? (int)syscall(SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC, 0) : -1;
    if (head[2] && syscall(SYS_pread64, reading, record + sizeof head + 8, head[2], at) != (long)head[2]) abort();
    if (reading >= 0) syscall(SYS_close, reading);
    int book = ledger(status, 1);
    if (book < 0) abort();
    append(book, record, sizeof head + 8 + head[2]);
    syscall(SYS_close, book);
    free(record);
}

static void before_write(int fd, off_t at, size_t size)
{
    struct stat status;
    int saved = errno;
    if (guarded(fd, &status, S_IFREG)) {
        if (at < 0) at = fcntl(fd, F_GETFL) & O_APPEND ? status.st_size : lseek(fd, 0, SEEK_CUR);
        record(fd, &status, 'w', (uint64_t)at, size);
    }
    errno = saved;
}

static size_t total(const struct iovec *parts, int count)
{
    size_t size = 0;
    for (int part = 0; part < count; part++) size += parts[part].iov_len;
    return size;
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    REAL(write);
    before_write(fd, -1, size);
    return real(fd, bytes, size);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at)
{
    REAL(pwrite64);
    before_write(fd, at, size);
    return real(fd, bytes, size, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) { return pwrite64(fd, bytes, size, at); }

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    REAL(writev);
    before_write(fd, -1, total(parts, count));
    return real(fd, parts, count);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at)
{
    REAL(pwritev64);
    before_write(fd, at, total(parts, count));
    return real(fd, parts, count, at);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) { return pwritev64(fd, parts, count, at); }

int ftruncate64(int fd, off64_t size)
{
    REAL(ftruncate64);
    struct stat status;
    if (guarded(fd, &status, S_IFREG)) record(fd, &status, 't', (uint64_t)size, (uint64_t)(status.st_size > size ? status.st_size - size : 0));
    return real(fd, size);
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

static int flushed(int fd, int (*real)(int))
{
    struct stat status;
    uint64_t end = 0, start;
    int watched = guarded(fd, &status, S_IFREG) || guarded(fd, &status, S_IFDIR), book;
    event();
    if (watched && (book = ledger(&status, 0)) >= 0) { end = lseek(book, 0, SEEK_END); syscall(SYS_close, book); }
    int result = real(fd);
    int saved = errno;
    if (!result && end && !getenv("POWER_LIES") && (book = ledger(&status, 0)) >= 0) {
        syscall(SYS_pread64, book, &start, (size_t)8, (off_t)0);
        if (start < end) start = end;
        if (start == (uint64_t)lseek(book, 0, SEEK_END)) { start = 8; syscall(SYS_ftruncate, book, (off_t)8); }
        syscall(SYS_pwrite64, book, &start, (size_t)8, (off_t)0);
        syscall(SYS_close, book);
    }
    event();
    errno = saved;
    return result;
}

int fsync(int fd)
{
    REAL(fsync);
    return flushed(fd, real);
}

int fdatasync(int fd)
{
    REAL(fdatasync);
    return flushed(fd, real);
}

/* A file that goes for good takes its ledger with it: its number may be given to another. */
static void forget(const struct stat *status)
{
    char name[PATH_MAX];
    if (!S_ISREG(status->st_mode) || status->st_nlink != 1) return;
    name_of(name, status);
    syscall(SYS_unlink, name);
}

int unlink(const char *path)
{
    REAL(unlink);
    struct stat status;
    int known = below(path) && getenv("POWER_LEDGER") && !lstat(path, &status);
    int result = real(path);
    if (!result && known) forget(&status);
    return result;
}

/* Record "from NUL to NUL kept NUL" with the folder; `kept` is a second name of what the rename replaces, or nothing. */
static void before_rename(const char *from, const char *to)
{
    static long number;
    struct stat folder, replaced;
    char parent[PATH_MAX], kept[PATH_MAX] = "";
    snprintf(parent, sizeof parent, "%s", to);
    char *slash = strrchr(parent, '/');
    if (!slash) return;
    *slash = 0;
    if (stat(parent, &folder)) return;
    if (!lstat(to, &replaced) && S_ISREG(replaced.st_mode)) {
        snprintf(kept, sizeof kept, "%s/kept-%d-%ld", getenv("POWER_LEDGER"), getpid(), __atomic_add_fetch(&number, 1, __ATOMIC_SEQ_CST));
        if (link(to, kept)) kept[0] = 0;
    }
    char names[3 * PATH_MAX];
    int size = snprintf(names, sizeof names, "%s%c%s%c%s%c", from, 0, to, 0, kept, 0);
    int book = ledger(&folder, 1);
    if (book < 0) return;
    append(book, names, (size_t)size);
    syscall(SYS_close, book);
}

int rename(const char *from, const char *to)
{
    REAL(rename);
    event_of_renaming();
    if (getenv("POWER_LEDGER") && below(from) && below(to)) before_rename(from, to);
    return real(from, to);
}

ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    REAL(send);
    event();
    return real(fd, bytes, size, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    REAL(sendmsg);
    event();
    return real(fd, message, flags);
}
