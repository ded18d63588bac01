"""Other tools' formats: what each can hold goes out, and what it holds comes in."""
