"""CUDA's source on the processor: a C++ compiler with a few lines before it, and loops for threads.

`module()` is a class to stand where cupy.RawModule does, on arrays of minichar.strict. Each thread
of each block runs, one after another, so a kernel whose threads need one another is not for this.
"""

import ctypes
import functools
import itertools
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pytest

from minichar import strict

BEFORE = """
#include <math.h>
struct Place { int x; };
static Place blockIdx, blockDim, threadIdx;
#define __device__ static inline
#define __global__
"""
ALL = """
extern "C" void all_of_{name}(int blocks, int threads, {typed}) {{
  blockDim.x = threads;
  for (blockIdx.x = 0; blockIdx.x < blocks; blockIdx.x++)
    for (threadIdx.x = 0; threadIdx.x < threads; threadIdx.x++) {name}({names});
}}
"""


@functools.cache
def library(code):
    """The kernels of `code`, each with a function `all_of_…` that runs its threads in turn."""
    compiler = shutil.which("g++") or shutil.which("clang++") or shutil.which("c++")
    if compiler is None:
        pytest.skip("needs a C++ compiler, such as g++: with one, the CUDA source runs here")
    for name, typed in re.findall(r"__global__ void (\w+)\(([^)]*)\)", code):
        names = ", ".join(part.split()[-1].lstrip("*") for part in typed.split(","))
        code += ALL.format(name=name, typed=typed.strip(), names=names)
    with tempfile.TemporaryDirectory() as folder:
        source, built = Path(folder, "kernels.cpp"), Path(folder, "kernels.so")
        source.write_text(BEFORE + code)
        subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", built, source], check=True)
        return ctypes.CDLL(str(built))


def module():
    library("")  # skips here, where there is no compiler
    return Module


class Module:
    """As cupy.RawModule, as far as kernels.py uses it."""

    def __init__(self, code):
        self.code = code

    def get_function(self, name):
        def launch(grid, block, arguments):
            strict.counts.launches += 1
            assert len(grid) == len(block) == 1
            pointers = []
            for a in arguments:
                if isinstance(a, np.int32):
                    pointers.append(ctypes.c_int(int(a)))
                else:
                    assert isinstance(a, strict.ndarray), "an array that is not on the card"
                    assert a.flags.c_contiguous, "an array with gaps"
                    pointers.append(ctypes.c_void_p(a._numbers.ctypes.data))
            sizes = map(ctypes.c_int, itertools.chain(grid, block))
            getattr(library(self.code), f"all_of_{name}")(*sizes, *pointers)

        return launch
