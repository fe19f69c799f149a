"""What this machine allows: memory's reading bandwidth and the rate of 8-bit multiply-adds (limits.cpp)."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).with_name("limits.cpp")
PROGRAM = Path(__file__).parent / "models" / "limits"


def measure(num_threads: int) -> dict[str, Any]:
    """Both limits with all threads; some 10 seconds. Empty where there is no compiler or no x86."""
    compiler = shutil.which(os.environ.get("CXX", "g++"))
    if compiler is None or os.uname().machine != "x86_64":
        return {}
    PROGRAM.parent.mkdir(exist_ok=True)
    subprocess.run([compiler, "-O3", "-std=c++17", "-pthread", str(SOURCE), "-o", str(PROGRAM)], check=True)
    done = subprocess.run([str(PROGRAM), str(num_threads)], capture_output=True, check=True)
    limits: dict[str, Any] = json.loads(done.stdout)
    return limits


if __name__ == "__main__":
    print(json.dumps(measure(os.cpu_count() or 1), indent=1))
