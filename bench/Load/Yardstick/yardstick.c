/*
 * The least that a server can do: one thread, one epoll, one recv and one send for each batch, no look at what is asked
 * for. It lets any client in and answers every Query, every Parse ... Sync and every Bind ... Sync with the same canned
 * row. What a cache hit costs beyond this is the cache's own doing.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_CLIENTS = 4096, BUFFER = 65536 };

static unsigned char buffer[BUFFER];
static char logged_in[MAX_CLIENTS];

static const char welcome[] =
    "R\0\0\0\x08\0\0\0\0"
    "S\0\0\0\x19" "client_encoding\0" "UTF8\0"
    "S\0\0\0\x18" "server_version\0" "15.0\0"
    "K\0\0\0\x0c\0\0\0\1\0\0\0\2"
    "Z\0\0\0\5I";
static const char description[] = "T\0\0\0\x21\0\1" "abalance\0" "\0\0\0\0\0\0\0\0\0\x17\0\4\xff\xff\xff\xff\0\0";
static const char row[] = "D\0\0\0\x0b\0\1\0\0\0\1" "0" "C\0\0\0\x0d" "SELECT 1\0";
static const char ready[] = "Z\0\0\0\5I";

static size_t put(unsigned char *out, size_t at, const char *bytes, size_t length)
{
    memcpy(out + at, bytes, length);
    return at + length;
}

/*
 * Walks the message types of a whole batch and puts the answer together. -1: the batch ends within a message, or its
 * answer is longer than the buffer: no client of the bench sends such a thing.
 */
static ssize_t answer(const unsigned char *in, size_t length, unsigned char *out)
{
    size_t at = 0, written = 0;
    while (at < length) {
        if (length - at < 5 || BUFFER - written < 256)
            return -1;
        size_t size = 1 + ((size_t)in[at + 1] << 24 | in[at + 2] << 16 | in[at + 3] << 8 | in[at + 4]);
        if (size < 5 || size > length - at)
            return -1;
        switch (in[at]) {
        case 'Q':
            written = put(out, written, description, sizeof description - 1);
            written = put(out, written, row, sizeof row - 1);
            written = put(out, written, ready, sizeof ready - 1);
            break;
        case 'P': written = put(out, written, "1\0\0\0\4", 5); break;
        case 'B': written = put(out, written, "2\0\0\0\4", 5); break;
        case 'D': written = put(out, written, description, sizeof description - 1); break;
        case 'E': written = put(out, written, row, sizeof row - 1); break;
        case 'S': written = put(out, written, ready, sizeof ready - 1); break;
        }
        at += size;
    }
    return (ssize_t)written;
}

int main(int argc, char **argv)
{
    static unsigned char out[BUFFER];
    int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0), loop = epoll_create1(0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(argc > 1 ? atoi(argv[1]) : 0)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 1024) < 0) {
        perror("yardstick");
        return 1;
    }
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[256];
    epoll_ctl(loop, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int count = epoll_wait(loop, events, 256, -1);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
                if (client < 0)
                    continue;
                if (client >= MAX_CLIENTS) {
                    close(client);
                    continue;
                }
                setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                logged_in[client] = 0;
                event.data.fd = client;
                epoll_ctl(loop, EPOLL_CTL_ADD, client, &event);
                continue;
            }
            ssize_t received = recv(fd, buffer, BUFFER, 0);
            if (received <= 0) {
                close(fd);
                continue;
            }
            if (!logged_in[fd]) {
                logged_in[fd] = 1;
                send(fd, welcome, sizeof welcome - 1, MSG_NOSIGNAL);
                continue;
            }
            ssize_t length = answer(buffer, (size_t)received, out);
            if (length < 0)
                close(fd);
            else if (length > 0)
                send(fd, out, (size_t)length, MSG_NOSIGNAL);
        }
    }
}
