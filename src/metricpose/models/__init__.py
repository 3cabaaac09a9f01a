"""Networks: tensors in, named tuples out; one architecture in a file."""
