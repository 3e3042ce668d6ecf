"""A library whose constants are wrong must not pass for right: two output channels of one packed
weight are exchanged inside the compiled file.

Where a schedule put the weights is nobody's promise, so they are found by their values: every
weight of the model is another number.
"""

import struct
import subprocess
import unittest

from tests.e2e.common import Case
from tests.e2e.numbers import SmallConv

FIRST, SECOND = 3, 17


def read_only_data(path):
    """(offset, size) of the section that holds the constants."""
    listing = subprocess.run(["readelf", "-SW", path], check=True, capture_output=True, text=True)
    for line in listing.stdout.splitlines():
        words = line.replace("[ ", "[").split()
        if len(words) > 5 and words[1] == ".rodata":
            return int(words[4], 16), int(words[5], 16)
    raise AssertionError("no .rodata:\n" + listing.stdout)


class Mutation(Case):
    def places(self, constants, weights):
        """The word in `constants` that holds each weight; each must be there once."""
        words = struct.unpack(f"<{len(constants) // 4}I", constants[:len(constants) // 4 * 4])
        found = []
        for pattern in struct.unpack(f"<{len(weights)}I", weights.tobytes()):
            self.assertEqual(words.count(pattern), 1)
            found.append(words.index(pattern))
        return found

    def exchange_channels(self, path, conv):
        offset, size = read_only_data(path)
        data = bytearray(path.read_bytes())
        constants = bytes(data[offset:offset + size])
        first = self.places(constants, conv.channel_weights(FIRST))
        second = self.places(constants, conv.channel_weights(SECOND))
        for one, other in zip(first, second):
            data[offset + 4 * one:offset + 4 * one + 4] = constants[4 * other:4 * other + 4]
            data[offset + 4 * other:offset + 4 * other + 4] = constants[4 * one:4 * one + 4]
        path.write_bytes(data)

    def test_exchanged_output_channels_are_found(self):
        conv = SmallConv()
        model, given, expected = conv.write(self.folder)
        self.tenon("compile", model, "-o", self.library)
        words = ["run", self.library, "--input", given, "--expect", expected]
        self.assertIn("equal", self.tenon(*words)[0])
        self.exchange_channels(self.library, conv)
        out, err = self.tenon(*words, code=1)
        self.assertIn(f"{conv.output}: WRONG", out)
        self.assertEqual(err, "")
        self.exchange_channels(self.library, conv)
        self.assertIn("equal", self.tenon(*words)[0])

    def test_one_wrong_element_is_found(self):
        conv = SmallConv()
        model, given, _ = conv.write(self.folder)
        values = conv.expected()
        values[1000] += 0.1
        wrong = self.folder / "wrong.npz"
        from tests.e2e.numbers import OUT_DIMS, write_npz
        write_npz(wrong, conv.output, OUT_DIMS, values)
        self.tenon("compile", model, "-o", self.library)
        out = self.tenon("run", self.library, "--input", given, "--expect", wrong, code=1)[0]
        self.assertIn("WRONG, 1 of", out)


if __name__ == "__main__":
    unittest.main()
