#!/usr/bin/env python3
"""Draws what bench/HitRate prints: one panel for each trace, one line for each policy.

    bench/HitRate/plot.py < bench/results/2026-11-26-hit-rate.txt > docs/images/hit-rate.svg
"""
import re
import sys

COLORS = {"lru": "#999999", "memcache": "#c49c6b", "sieve": "#5b8fd9", "s3fifo": "#3aa76d", "wtlfu": "#b565c9",
          "freshet": "#d9382b"}
NAMES = {"lru": "LRU", "memcache": "MemoryCache", "sieve": "SIEVE", "s3fifo": "S3-FIFO", "wtlfu": "W-TinyLFU",
         "freshet": "Freshet"}
WIDTH, HEIGHT, GAP, COLUMNS = 200, 140, 46, 4


def read(lines):
    """The traces in their order: name to share to policy to percent of requests answered."""
    traces = {}
    for line in lines:
        if head := re.match(r"(\S+): \d+ requests", line):
            shares = traces.setdefault(head[1], {})
        elif row := re.match(r"\s+(\d+) %\s+(.*)", line):
            shares[int(row[1])] = {name: float(rate) for name, rate in
                                   re.findall(r"([a-z0-9]+)\s+([\d.]+)", row[2])}
    return traces


def panel(name, shares, left, top):
    """One trace; the vertical axis runs from the lowest to the highest rate of the panel."""
    rates = [rate for row in shares.values() for rate in row.values()]
    low, high = min(rates), max(rates)

    def across(index):
        return left + index * WIDTH / (len(shares) - 1)

    def down(rate):
        return top + HEIGHT - (rate - low) / (high - low) * HEIGHT

    yield f'<text x="{left}" y="{top - 8}" font-weight="bold">{name}</text>'
    yield f'<rect x="{left}" y="{top}" width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#cccccc"/>'
    yield f'<text x="{left - 4}" y="{top + 9}" text-anchor="end">{high:.0f}</text>'
    yield f'<text x="{left - 4}" y="{top + HEIGHT}" text-anchor="end">{low:.0f}</text>'
    for index, share in enumerate(shares):
        yield f'<text x="{across(index):.1f}" y="{top + HEIGHT + 13}" text-anchor="middle">{share} %</text>'
    for policy, color in COLORS.items():
        points = " ".join(f"{across(index):.1f},{down(row[policy]):.1f}" for index, row in enumerate(shares.values()))
        width = 2.5 if policy == "freshet" else 1.2
        yield f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="{width}"/>'


def main():
    traces = read(sys.stdin)
    rows = -(-(len(traces) + 1) // COLUMNS)
    total = (COLUMNS * (WIDTH + GAP) + GAP, rows * (HEIGHT + GAP) + GAP)
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total[0]} {total[1]}" font-family="sans-serif" '
          'font-size="11"><rect width="100%" height="100%" fill="white"/>')
    places = [(GAP + i % COLUMNS * (WIDTH + GAP), GAP + i // COLUMNS * (HEIGHT + GAP)) for i in range(len(traces) + 1)]
    for (name, shares), (left, top) in zip(traces.items(), places):
        print("\n".join(panel(name, shares, left, top)))
    left, top = places[-1]
    for index, (policy, color) in enumerate(COLORS.items()):
        y = top + 12 + index * 18
        print(f'<line x1="{left}" y1="{y - 4}" x2="{left + 24}" y2="{y - 4}" stroke="{color}" stroke-width="2.5"/>'
              f'<text x="{left + 30}" y="{y}">{NAMES[policy]}</text>')
    print("</svg>")


main()
