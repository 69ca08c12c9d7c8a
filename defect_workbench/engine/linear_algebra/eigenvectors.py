"""Largest eigenvalues of a symmetric matrix by LAPACK, while other threads run.

`scipy.linalg.eigh` holds Python's interpreter lock until it is done, which takes up to seconds from 1,000
rows on, and the window does not react meanwhile. Here the same routine is called through `ctypes`, which
releases the lock, with the same arguments, so that the result is the same to the last bit.
"""

from __future__ import annotations

import ctypes
import logging
from functools import cache
from typing import Any

import numpy as np
from scipy.linalg import eigh

from defect_workbench.core.arrays import Floats

log = logging.getLogger(__name__)

_MODULE, _ROUTINE, _ARGUMENTS = "scipy.linalg.cython_lapack", "dsyevr", 21


def largest_eigenpairs(matrix: Floats, count: int) -> tuple[Floats, Floats]:
    """Return the largest eigenvalues and their eigenvectors.

    Parameters
    ----------
    matrix : (m, m) float64
        Symmetric; the lower triangle is read.
    count : int
        From 1 to m.

    Returns
    -------
    values : (count,) float64
        Increasing.
    vectors : (m, count) float64
        Orthonormal columns.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the values are not finite or do not converge.
    """
    size = len(matrix)
    if _routine() is None:
        values, vectors = eigh(matrix, subset_by_index=(size - count, size - 1))
        return values, vectors
    if not np.isfinite(matrix).all():
        raise np.linalg.LinAlgError("a matrix with values that are not finite has no eigenvectors")
    values, vectors = np.zeros(size), np.zeros((size, count), order="F")
    work, integers = np.empty(1), np.empty(1, np.intc)
    # The first call returns the sizes of the work arrays.
    _call(matrix, count, values, vectors, work, integers, only_sizes=True)
    work, integers = np.empty(int(work[0])), np.empty(int(integers[0]), np.intc)
    failure = _call(matrix, count, values, vectors, work, integers)
    if failure:
        raise np.linalg.LinAlgError(f"the eigenvectors did not converge ({_ROUTINE}: {failure})")
    return values[:count], vectors


def _call(
    matrix: Floats,
    count: int,
    values: Floats,
    vectors: Floats,
    work: Floats,
    integers: np.ndarray[Any, np.dtype[np.intc]],
    *,
    only_sizes: bool = False,
) -> int:
    """Call the routine, and return what it says about a failure; 0 if there was none."""
    routine, size = _routine(), len(matrix)
    assert routine is not None
    destroyed = np.array(matrix, np.float64, order="F")
    support = np.empty(2 * size, np.intc)
    found, failure = ctypes.c_int(0), ctypes.c_int(0)
    unused, tolerance = ctypes.c_double(0.0), ctypes.c_double(0.0)
    lengths = [-1, -1] if only_sizes else [len(work), len(integers)]
    n, first, last = (ctypes.c_int(each) for each in (size, size - count + 1, size))
    work_length, integer_length = (ctypes.c_int(each) for each in lengths)
    routine(
        *(ctypes.c_char_p(letter) for letter in (b"V", b"I", b"L")),
        ctypes.byref(n),
        ctypes.c_void_p(destroyed.ctypes.data),
        ctypes.byref(n),
        ctypes.byref(unused),
        ctypes.byref(unused),
        ctypes.byref(first),
        ctypes.byref(last),
        ctypes.byref(tolerance),
        ctypes.byref(found),
        ctypes.c_void_p(values.ctypes.data),
        ctypes.c_void_p(vectors.ctypes.data),
        ctypes.byref(n),
        ctypes.c_void_p(support.ctypes.data),
        ctypes.c_void_p(work.ctypes.data),
        ctypes.byref(work_length),
        ctypes.c_void_p(integers.ctypes.data),
        ctypes.byref(integer_length),
        ctypes.byref(failure),
    )
    return failure.value or (0 if only_sizes or found.value == count else -1)


@cache
def _routine() -> Any:
    """Return the routine of SciPy's own LAPACK; None if this SciPy does not offer it in the known form."""
    try:
        import scipy.linalg.cython_lapack as offered

        capsule = offered.__pyx_capi__["dsyevr"]
        name_of, pointer_of = ctypes.pythonapi.PyCapsule_GetName, ctypes.pythonapi.PyCapsule_GetPointer
        name_of.restype, name_of.argtypes = ctypes.c_char_p, [ctypes.py_object]
        pointer_of.restype, pointer_of.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
        name = name_of(capsule)
        arguments = name.decode().partition("(")[2].split(",")
        if len(arguments) != _ARGUMENTS or arguments[3].strip() != "int *":
            raise TypeError(f"{_ROUTINE} has other arguments: {name.decode()}")
        return ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * _ARGUMENTS)(pointer_of(capsule, name))
    except (ImportError, AttributeError, KeyError, TypeError, ValueError) as error:
        log.warning("%s of %s cannot be called: %s", _ROUTINE, _MODULE, error)
        return None
