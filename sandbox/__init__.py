"""Stand-ins for the servers the connector talks to, as real HTTP servers in a process of their own.

They stand outside the package: nothing here imports connector/, and connector/ imports nothing from here.
"""
