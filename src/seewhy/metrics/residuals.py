"""How far predicted numbers are from the true ones: R2, as values of images."""

import numpy as np
from jaxtyping import Float


def r2_values(true: Float[np.ndarray, " n"], predicted: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """One value an image, whose mean is R2 and whose scatter gives its interval (infinitesimal jackknife).

    R2 is 1 - A / B, with A the mean squared error and B the variance of `true`; the value of image i is
    R2 + ((1 - R2) (true_i - mean)^2 - error_i^2) / B. NaN where all true values are equal.

    >>> true, predicted = np.array([3.0, -0.5, 2.0, 7.0]), np.array([2.5, 0.0, 2.0, 8.0])
    >>> round(float(r2_values(true, predicted).mean()), 4)
    0.9486
    """
    errors, spread = (predicted - true) ** 2, (true - true.mean()) ** 2 if len(true) else true
    if not len(true) or not spread.mean():
        return np.full(len(true), np.nan)
    unexplained = errors.mean() / spread.mean()
    return np.asarray(1 - unexplained + (unexplained * spread - errors) / spread.mean())
