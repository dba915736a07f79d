import pathlib
import sys

target = pathlib.Path(sys.argv[2])
target.mkdir(parents=True, exist_ok=True)
(target / "said.txt").write_text(sys.argv[1])
