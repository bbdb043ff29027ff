"""Guards of the code, each with the mutation that takes it away and the tests that then fail."""
