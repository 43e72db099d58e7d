/* A bounded load for the intake: raw HTTP/1.1 over kept connections to 127.0.0.1, one different body a request, the answer to each written down.
 *
 *   load PORTS PATH COUNT CONNECTIONS BYTES PREFIX SEED OUT
 *
 * PORTS are joined by commas, connection i goes to the i-th in turn. A body is 32 bytes (a handle), PREFIX (hex), 16 bytes and the same rest
 * in every body, BYTES in all. OUT gets one record an answer: `status nanoseconds length` LF and the answer's body. Status 0: the connection
 * ended without one. The last line on stdout is how long it took in all, in nanoseconds. Written in C so that it is not what is measured.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define ROOM 16384

struct connection {
    int socket, port, busy;
    char head[512];
    size_t head_bytes, sent, got;
    uint64_t began;
    char answer[ROOM + 1];
};

static char *rest, prefix[256];
static size_t body_bytes, prefix_bytes;
static uint64_t seed, left, outstanding;
static const char *path;
static FILE *out;
static int epoll;

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t random64(void) { /* splitmix64: different bodies, not secrets */
    uint64_t z = (seed += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void dial(struct connection *c) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)c->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    if ((c->socket = socket(AF_INET, SOCK_STREAM, 0)) < 0 || connect(c->socket, (struct sockaddr *)&to, sizeof to) < 0) fail("connect");
    setsockopt(c->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->socket, &event) < 0) fail("epoll_ctl");
}

static void begin(struct connection *c) {
    c->busy = left > 0;
    if (!c->busy) return;
    left--;
    outstanding++;
    int n = snprintf(c->head, 384, "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/octet-stream\r\nContent-Length: %zu\r\n\r\n",
                     path, c->port, body_bytes);
    uint64_t unique[6];
    for (int i = 0; i < 6; i++) unique[i] = random64();
    memcpy(c->head + n, unique, 32);
    memcpy(c->head + n + 32, prefix, prefix_bytes);
    memcpy(c->head + n + 32 + prefix_bytes, unique + 4, 16);
    c->head_bytes = (size_t)n + 48 + prefix_bytes;
    c->sent = c->got = 0;
    c->began = now();
}

static void finish(struct connection *c, int status, const char *body, size_t length) {
    fprintf(out, "%d %llu %zu\n", status, (unsigned long long)(now() - c->began), length);
    fwrite(body, 1, length, out);
    outstanding--;
}

static int push(struct connection *c) { /* 0: the connection ended */
    size_t whole = c->head_bytes + body_bytes - 48 - prefix_bytes;
    while (c->busy && c->sent < whole) {
        struct iovec parts[2];
        int n = 0;
        if (c->sent < c->head_bytes) parts[n++] = (struct iovec){c->head + c->sent, c->head_bytes - c->sent};
        size_t done = c->sent > c->head_bytes ? c->sent - c->head_bytes : 0;
        parts[n++] = (struct iovec){rest + done, whole - c->head_bytes - done};
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = (size_t)n};
        ssize_t gone = sendmsg(c->socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (gone < 0) return errno == EAGAIN; /* after a refusal the answer is still to be read */
        c->sent += (size_t)gone;
    }
    return 1;
}

static int answered(struct connection *c) { /* the whole answer is here: write it down, say whether the connection lives on */
    char *end = strstr(c->answer, "\r\n\r\n");
    if (!end) return -1;
    size_t head = (size_t)(end - c->answer) + 4, length = 0;
    char *found = strcasestr(c->answer, "\r\ncontent-length:");
    if (found && found < end) length = strtoul(found + 17, NULL, 10);
    if (head + length > ROOM) length = ROOM - head;
    if (c->got < head + length) return -1;
    char *close = strcasestr(c->answer, "\r\nconnection: close");
    size_t whole = c->head_bytes + body_bytes - 48 - prefix_bytes;
    finish(c, atoi(c->answer + 9), c->answer + head, length);
    return c->sent == whole && !(close && close < end);
}

static void serve(struct connection *c) {
    int alive = push(c), ended = 0;
    while (c->busy && !ended) {
        ssize_t n = recv(c->socket, c->answer + c->got, ROOM - c->got, MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN) break;
        if (n > 0) c->got += (size_t)n;
        c->answer[c->got] = 0;
        int kept = n > 0 ? answered(c) : -1;
        if (kept == 1) {
            begin(c);
            alive = push(c);
            continue;
        }
        if (n <= 0) finish(c, 0, "", 0);
        ended = kept == 0 || n <= 0;
    }
    if (ended || (!alive && c->busy && c->got == 0 && c->sent == 0)) {
        close(c->socket);
        begin(c);
        if (c->busy) dial(c);
    }
}

int main(int argc, char **argv) {
    if (argc != 9) return 2;
    path = argv[2];
    left = strtoull(argv[3], NULL, 10);
    int many = atoi(argv[4]), ports[64], known = 0;
    body_bytes = strtoul(argv[5], NULL, 10);
    prefix_bytes = strlen(argv[6]) / 2;
    for (size_t i = 0; i < prefix_bytes && i < 64; i++) sscanf(argv[6] + 2 * i, "%2hhx", (unsigned char *)prefix + i);
    seed = strtoull(argv[7], NULL, 16);
    for (char *p = strtok(argv[1], ","); p && known < 64; p = strtok(NULL, ",")) ports[known++] = atoi(p);
    if (!known || prefix_bytes > 64 || body_bytes < 48 + prefix_bytes || !(out = fopen(argv[8], "wb"))) return 2;
    rest = malloc(body_bytes);
    struct connection *all = calloc((size_t)many, sizeof *all);
    epoll = epoll_create1(0);
    if (!rest || !all || epoll < 0) fail("memory");
    for (size_t i = 0; i < body_bytes; i++) rest[i] = (char)random64();
    uint64_t began = now();
    for (int i = 0; i < many; i++) {
        all[i].port = ports[i % known];
        begin(&all[i]);
        dial(&all[i]);
    }
    struct epoll_event events[64];
    while (outstanding) {
        int n = epoll_wait(epoll, events, 64, 600000);
        if (n == 0) { /* nothing moved for ten minutes: stop by itself */
            fprintf(stderr, "%llu answers did not come within ten minutes\n", (unsigned long long)outstanding);
            return 1;
        }
        for (int i = 0; i < n; i++) serve(events[i].data.ptr);
    }
    printf("%llu\n", (unsigned long long)(now() - began));
    return fclose(out) != 0;
}
