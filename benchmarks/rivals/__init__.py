"""Models of other libraries on the rows that the shipped model is compared on."""
