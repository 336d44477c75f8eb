#!/usr/bin/env python3
"""Draws a program's output as an SVG that looks like a terminal: reads text, writes SVG.

    ./freshet demo --seconds 20 > demo.txt
    docs/images/render-terminal.py './freshet demo --seconds 20' < demo.txt > docs/images/demo.svg
"""

import sys
from xml.sax.saxutils import escape

CELL_WIDTH, CELL_HEIGHT, MARGIN = 8, 18, 16


def line_of(text, row, colour):
    y = MARGIN + (row + 1) * CELL_HEIGHT - 4
    if not text:
        return ""
    # textLength keeps the boxes closed whatever font the reader has.
    return (
        f'<text x="{MARGIN}" y="{y}" fill="{colour}" textLength="{len(text) * CELL_WIDTH}" '
        f'lengthAdjust="spacingAndGlyphs" xml:space="preserve">{escape(text)}</text>'
    )


def main():
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    lines = [line.rstrip() for line in sys.stdin]
    rows = ([("$ " + command, "#7ee787")] if command else []) + [(line, "#e6edf3") for line in lines]
    width = 2 * MARGIN + max(len(text) for text, _ in rows) * CELL_WIDTH
    height = 2 * MARGIN + len(rows) * CELL_HEIGHT
    print(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">\n'
        f'<rect width="{width}" height="{height}" rx="8" fill="#0d1117"/>\n'
        '<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, \'DejaVu Sans Mono\', monospace" '
        'font-size="13">'
    )
    for row, (text, colour) in enumerate(rows):
        rendered = line_of(text, row, colour)
        if rendered:
            print(rendered)
    print("</g>\n</svg>")


if __name__ == "__main__":
    main()
