"""The feature blocks (deep, Haralick, Zernike, outline), and their fusion into one vector."""
