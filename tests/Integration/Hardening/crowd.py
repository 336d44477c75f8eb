#!/usr/bin/python3
"""Many PostgreSQL clients in one process, for the test of the file limit.

Usage: crowd.py PORT COUNT SOURCE

Logs in COUNT times, as wire by trust, from the address SOURCE to 127.0.0.1:PORT, and keeps the connections. Prints one
line of JSON when each is settled: how many were "served", how many "refused" by the error they were given, how many
"dropped" without a word. Then obeys its input: "ask" has every served client run a query of its own and prints how
many answers were "right" and "wrong"; "leave", or the end of the input, closes all and ends.
"""
import collections
import json
import resource
import select
import socket
import struct
import sys

AT_ONCE = 400  # under way at one time: below any backlog, so that no SYN is lost
PATIENCE = 20  # seconds without an event: then the peer hangs
BIND_WITHOUT_PORT = 24  # IP_BIND_ADDRESS_NO_PORT: the port is chosen for the pair of addresses, at connect

PARAMETERS = b"user\0wire\0database\0wire\0\0"
STARTUP = struct.pack("!ii", 8 + len(PARAMETERS), 0x30000) + PARAMETERS


class Client:
    def __init__(self, number, port, source):
        self.number = number
        self.unread = b""
        self.error = None
        self.row = None
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.setsockopt(socket.IPPROTO_IP, BIND_WITHOUT_PORT, 1)
        self.socket.bind((source, 0))
        self.socket.connect(("127.0.0.1", port))
        try:
            self.socket.send(STARTUP)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused already; the reason can still be read

    def ask(self):
        self.row = None
        text = b"select 'client %d'\0" % self.number
        self.socket.send(b"Q" + struct.pack("!i", 4 + len(text)) + text)

    def is_answered_right(self):
        return self.row == b"client %d" % self.number and self.error is None

    def settles(self):
        """Reads what has come; gives "ready", "closed" or, when there is more to wait for, nothing."""
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self.unread += data
        outcome = None if data else "closed"
        while len(self.unread) >= 5:
            kind, length = struct.unpack("!ci", self.unread[:5])
            if len(self.unread) <= length:
                break
            outcome = self.take(kind, self.unread[5:1 + length]) or outcome
            self.unread = self.unread[1 + length:]
        return outcome

    def take(self, kind, body):
        if kind == b"Z":
            return "ready"
        if kind == b"D":
            self.row = body[6:]
        elif kind == b"E":
            parts = {part[:1]: part[1:].decode() for part in body.split(b"\0") if part}
            self.error = " ".join(parts.get(code, "-") for code in (b"S", b"C", b"H"))
        return None


def run(clients):
    """Starts one client after the other, AT_ONCE at a time; gives each with its outcome."""
    epoll = select.epoll()
    under_way = {}
    coming = iter(clients)
    more = True
    while more or under_way:
        while more and len(under_way) < AT_ONCE:
            client = next(coming, None)
            more = client is not None
            if more:
                under_way[client.socket.fileno()] = client
                epoll.register(client.socket, select.EPOLLIN)
        events = epoll.poll(PATIENCE) if under_way else []
        if under_way and not events:
            sys.exit("no event within %d s, %d clients unsettled" % (PATIENCE, len(under_way)))
        for descriptor, _ in events:
            outcome = under_way[descriptor].settles()
            if outcome:
                epoll.unregister(descriptor)
                yield under_way.pop(descriptor), outcome
    epoll.close()


def asked(clients):
    for client in clients:
        client.ask()
        yield client


def main(port, count, source):
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    served, refused, dropped = [], collections.Counter(), 0
    for client, outcome in run(Client(number, port, source) for number in range(count)):
        if outcome == "ready":
            served.append(client)
            continue
        client.socket.close()
        if client.error:
            refused[client.error] += 1
        else:
            dropped += 1
    print(json.dumps({"served": len(served), "refused": refused, "dropped": dropped}), flush=True)
    for line in sys.stdin:
        if line.strip() != "ask":
            break
        right = sum(outcome == "ready" and client.is_answered_right() for client, outcome in run(asked(served)))
        print(json.dumps({"right": right, "wrong": len(served) - right}), flush=True)


main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
