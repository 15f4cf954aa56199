"""What the black-box tests share: the program under test, a client that checks answers against the contract, and data."""
