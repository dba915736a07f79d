"""Draws a confusion matrix as a PNG file; with matplotlib one would call `ConfusionMatrixDisplay`, this is the standard library alone."""
import struct
import zlib

CELL, DOT = 120, 6
# Three by five dots for each digit, a bit for each dot, from the top left.
DIGITS = ["111101101101111", "010110010010111", "111001111100111", "111001111001111", "101101111001001",
          "111100111001111", "111100111101111", "111001001001001", "111101111101111", "111101111001111"]


def confusion_matrix(path, counts):
    """`counts[truth][prediction]`: rows are the truth, columns the prediction; darker is more."""
    most = max(1, max(max(row) for row in counts))
    width = height = 2 * CELL
    pixels = [[(255, 255, 255)] * width for _ in range(height)]
    for truth, row in enumerate(counts):
        for guess, count in enumerate(row):
            share = count / most
            colour = tuple(round(255 - share * (255 - dark)) for dark in (8, 81, 156))
            for y in range(truth * CELL + 1, (truth + 1) * CELL - 1):
                pixels[y][guess * CELL + 1:(guess + 1) * CELL - 1] = [colour] * (CELL - 2)
            ink = (255, 255, 255) if share > 0.5 else (0, 0, 0)
            write(pixels, str(count), guess * CELL + CELL // 2, truth * CELL + CELL // 2, ink)
    rows = b"".join(b"\0" + bytes(value for pixel in line for value in pixel) for line in pixels)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        file.write(chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)))
        file.write(chunk(b"IDAT", zlib.compress(rows)))
        file.write(chunk(b"IEND", b""))


def write(pixels, text, x, y, colour):
    """Digits around a place."""
    left, top = x - (4 * len(text) - 1) * DOT // 2, y - 5 * DOT // 2
    for at, digit in enumerate(text):
        for dot, bit in enumerate(DIGITS[int(digit)]):
            if bit == "1":
                begin = left + (4 * at + dot % 3) * DOT
                for line in range(top + dot // 3 * DOT, top + (dot // 3 + 1) * DOT):
                    pixels[line][begin:begin + DOT] = [colour] * DOT


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
