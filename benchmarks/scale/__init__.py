"""What screens of very many molecules take: rate, memory, disk, scaling, and a model of cost."""
