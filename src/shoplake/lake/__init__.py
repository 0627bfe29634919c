"""Where everything lies in a lake, and the only code that moves the pointer readers follow."""
