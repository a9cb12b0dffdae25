"""Does the mixture win? MMoEEx, plain MMoE and a shared bottom on the same terms."""
