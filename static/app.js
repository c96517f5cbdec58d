// What a page gains from a script; it is complete without one.
