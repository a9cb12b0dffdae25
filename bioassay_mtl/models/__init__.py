"""Models: a network with its molecules' features, its tasks and its folder."""
