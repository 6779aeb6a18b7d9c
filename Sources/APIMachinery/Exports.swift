// Objects speak in moments (`Timestamp`), and every module that reads them calculates with numbers from outside: who
// imports the object model has both, and with them the ban on conversions that trap (`CheckedConversions.swift`), which
// holds only in files that see it.
@_exported public import Basics
