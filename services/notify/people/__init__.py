"""Messages to people: who is told what, in which words, and how each message is sent once."""
