"""Look at a lake and change nothing: what is in it, what it says, whether it is whole, what a name means."""
