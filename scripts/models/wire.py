"""The protobuf wire format, as much as ONNX uses: lists of fields in order, unknown ones kept.

https://protobuf.dev/programming-guides/encoding
"""

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


class WireError(ValueError):
    """The bytes are no protobuf message."""


def read_varint(data, at):
    """(unsigned value, position after it)."""
    value = shift = 0
    while True:
        if at >= len(data):
            raise WireError("the message ends inside a number")
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
        if shift > 63:
            raise WireError("a number is longer than 64 bits")


def write_varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def to_signed(value):
    return value - (1 << 64) if value >> 63 else value


class Message:
    """Fields in order: [number, wire type, value]. A value is an unsigned int or bytes."""

    def __init__(self, data=b""):
        self.fields = []
        data = memoryview(data)
        at = 0
        while at < len(data):
            key, at = read_varint(data, at)
            number, wire_type = key >> 3, key & 7
            if wire_type == VARINT:
                value, at = read_varint(data, at)
            elif wire_type in (BYTES, FIXED32, FIXED64):
                size = {FIXED32: 4, FIXED64: 8}.get(wire_type)
                if size is None:
                    size, at = read_varint(data, at)
                if number == 0 or at + size > len(data):
                    raise WireError("a field is longer than its message")
                value = bytes(data[at:at + size])
                at += size
            else:
                raise WireError(f"wire type {wire_type} is not in use")
            self.fields.append([number, wire_type, value])

    def encode(self):
        parts = []
        for number, wire_type, value in self.fields:
            parts.append(write_varint(number << 3 | wire_type))
            if wire_type == VARINT:
                parts.append(write_varint(value))
            else:
                if wire_type == BYTES:
                    parts.append(write_varint(len(value)))
                parts.append(value)
        return b"".join(parts)

    def add(self, number, value):
        """Appends an int, text, bytes or message. Returns self."""
        if isinstance(value, int):
            self.fields.append([number, VARINT, value & (1 << 64) - 1])
        else:
            if isinstance(value, Message):
                value = value.encode()
            elif isinstance(value, str):
                value = value.encode()
            self.fields.append([number, BYTES, value])
        return self

    def all(self, number):
        return [value for field, _, value in self.fields if field == number]

    def messages(self, number):
        return [Message(value) for value in self.all(number)]

    def bytes(self, number, default=b""):
        values = self.all(number)
        return values[-1] if values else default

    def text(self, number):
        return self.bytes(number).decode()

    def texts(self, number):
        return [value.decode() for value in self.all(number)]

    def integer(self, number, default=0):
        values = self.all(number)
        return to_signed(values[-1]) if values else default

    def integers(self, number):
        """A repeated integer field, packed or not."""
        result = []
        for field, wire_type, value in self.fields:
            if field != number:
                continue
            if wire_type == VARINT:
                result.append(to_signed(value))
                continue
            at = 0
            while at < len(value):
                item, at = read_varint(value, at)
                result.append(to_signed(item))
        return result

    def replace(self, number, messages):
        """Puts `messages` where the first field of this number stood, in place of all of them."""
        places = [i for i, field in enumerate(self.fields) if field[0] == number]
        at = places[0] if places else len(self.fields)
        new = [[number, BYTES, message.encode()] for message in messages]
        before = [field for field in self.fields[:at] if field[0] != number]
        after = [field for field in self.fields[at:] if field[0] != number]
        self.fields = before + new + after
