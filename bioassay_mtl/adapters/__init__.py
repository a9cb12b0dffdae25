"""Ways into other libraries: DeepChem, scikit-learn, PyTorch Geometric, Ray."""
