"""Reads ours.npz with Python's own zipfile and writes it again, stored and deflated.

The stored copy forces 64-bit sizes, as NumPy does when it writes into a stream.
"""
import pathlib
import sys
import zipfile

folder = pathlib.Path(sys.argv[1])
with zipfile.ZipFile(folder / "ours.npz") as ours:
    assert ours.testzip() is None
    members = [(info.filename, ours.read(info)) for info in ours.infolist()]
for name, method in (("stored", zipfile.ZIP_STORED), ("deflated", zipfile.ZIP_DEFLATED)):
    with zipfile.ZipFile(folder / f"theirs_{name}.npz", "w", method) as theirs:
        for member, data in members:
            assert data.startswith(b"\x93NUMPY")
            with theirs.open(member, "w", force_zip64=True) as file:
                file.write(data)
