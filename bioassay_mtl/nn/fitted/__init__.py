"""Networks that are fitted whole, each task on its own, and not trained by gradient steps."""
