"""The blocks of the fusion vector: deep, Haralick, Zernike, and how they are fused."""
