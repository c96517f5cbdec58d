"""The pictures of links to pages, one for each state: `python tests/pictures.py` makes them again.

A template with the page's own palette and symbols is photographed in Chromium and stored with few colours.
No words are in it, for it goes with a link in any language. `static/` gets them, or the folder that is named.
"""

from __future__ import annotations

import struct
import sys
import tempfile
import zlib
from collections import Counter
from pathlib import Path

from real import browser

from kener_py.model import PALETTE
from kener_py.web.previews import HEIGHT, NAMES, WIDTH

ROOT = Path(__file__).resolve().parent.parent
SYMBOLS = (ROOT / "templates" / "icons.svg").read_text(encoding="utf-8")
COLOURS = {color.name: color.light for color in PALETTE}
# The palette's name and the symbol of each picture, and its bars: top and length, in units of 40 to a bar.
LOOKS: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "up": ("up", (("up", "M{x} 4v32"),)),
    "degraded": ("degraded", (("degraded", "M{x} 14v22"),)),
    "partial_outage": ("down", (("up", "M{x} 4v15"), ("down", "M{x} 29v7"))),
    "major_outage": ("down", (("down", "M{x} 4v32"),)),
    "maintenance": ("maintenance", (("maintenance", "M{x} 4v32"), ("background", "M{y} 25l8-10"))),
    "no_data": ("no_data", (("no_data", "M{x} 36v0"),)),
}
BARS = 30
FINEST = 64  # colours that are kept; the rest are shades at edges, and take the nearest


def page(name: str) -> str:
    """The template of one picture, filled in."""
    state, parts = LOOKS[name]
    colour, ground = COLOURS[state], COLOURS["background"]
    bars = "".join(
        f'<path d="{"".join(d.format(x=5 + 10 * place, y=1 + 10 * place) for place in range(BARS))}"'
        f' stroke="{COLOURS[part]}" stroke-width="{3 if part == "background" else 7}"'
        f' stroke-linecap="{"butt" if part == "background" else "round"}" fill="none"/>'
        for part, d in parts
    )
    return f"""<!doctype html><style>
      html {{ background: color-mix(in srgb, {colour} 10%, {ground}); }}
      body {{ margin: 0; height: {HEIGHT}px; box-sizing: border-box; border-left: 32px solid {colour};
        display: grid; place-content: center; place-items: center; gap: 80px; }}
      .sprite {{ position: absolute; }}
      .icon {{ width: 240px; height: 240px; color: {colour}; fill: currentColor; }}
      .glyph, .ring {{ fill: none; stroke: currentColor; stroke-width: 2.4; stroke-linecap: round;
        stroke-linejoin: round; }}
      .glyph {{ stroke: {ground}; stroke-width: 2.8; }}
    </style>{SYMBOLS}
    <svg class="icon"><use href="#{state}"/></svg>
    <svg width="900" height="120" viewBox="0 0 {10 * BARS} 40">{bars}</svg>"""


# ---- PNG, as far as it is needed ---------------------------------------------------------------


def read(file: bytes) -> tuple[int, int, list[bytes]]:
    """Width, height and the lines, three bytes a pixel, of 8-bit RGB or RGBA without interlacing."""
    assert file.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, place = {}, 8
    while place < len(file):
        (length,) = struct.unpack_from(">I", file, place)
        kind = file[place + 4 : place + 8]
        chunks[kind] = chunks.get(kind, b"") + file[place + 8 : place + 8 + length]
        place += 12 + length
    width, height, depth, colours, _, _, interlaced = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (depth, interlaced) == (8, 0)
    size = {2: 3, 6: 4}[colours]
    data = zlib.decompress(chunks[b"IDAT"])
    lines, above = [], bytearray(width * size)
    for row in range(height):
        start = row * (width * size + 1)
        line = bytearray(data[start + 1 : start + 1 + width * size])
        _unfilter(data[start], line, above, size)
        lines.append(bytes(line) if size == 3 else bytes(byte for i, byte in enumerate(line) if i % 4 < 3))
        above = line
    return width, height, lines


def _unfilter(kind: int, line: bytearray, above: bytearray, size: int) -> None:
    for i in range(len(line) if kind else 0):
        left = line[i - size] if i >= size else 0
        corner = above[i - size] if i >= size else 0
        if kind == 1:
            guess = left
        elif kind == 2:
            guess = above[i]
        elif kind == 3:
            guess = (left + above[i]) // 2
        else:
            around = (left, above[i], corner)
            guess = min(around, key=lambda each: abs(left + above[i] - corner - each))
        line[i] = (line[i] + guess) & 0xFF


def write(width: int, height: int, lines: list[bytes]) -> bytes:
    """The picture with at most `FINEST` colours, each pixel the number of one."""
    pixels = [[line[i : i + 3] for i in range(0, len(line), 3)] for line in lines]
    counted = Counter(pixel for line in pixels for pixel in line)
    palette = [colour for colour, _ in counted.most_common(FINEST)]

    def nearest(colour: bytes) -> int:
        return min(
            range(len(palette)),
            key=lambda i: sum((a - b) ** 2 for a, b in zip(colour, palette[i], strict=True)),
        )

    numbers = {colour: nearest(colour) for colour in counted}
    data = b"".join(b"\0" + bytes(numbers[pixel] for pixel in line) for line in pixels)
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", b"".join(palette)),
        (b"IDAT", zlib.compress(data, 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def make(folder: Path) -> None:
    """Write the picture of every state into the folder."""
    assert LOOKS.keys() == set(NAMES)
    with tempfile.TemporaryDirectory() as name, browser.running() as chromium:
        shown = chromium.open(size=[WIDTH, HEIGHT])
        for state in NAMES:
            template, photograph = Path(name) / "page.html", Path(name) / "page.png"
            template.write_text(page(state), encoding="utf-8")
            shown.goto(template.as_uri())
            shown.call("screenshot", {"path": str(photograph)})
            (folder / f"preview-{state}.png").write_bytes(write(*read(photograph.read_bytes())))
        shown.close()


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "static")
