import pathlib
import sys

target = pathlib.Path(sys.argv[1])
target.mkdir(parents=True, exist_ok=True)
(target / "said.txt").write_text("said\n")
print("said")
