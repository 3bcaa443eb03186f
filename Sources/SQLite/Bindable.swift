/// A value of one of SQLite's five types, as a parameter of a statement.
package enum Value: Hashable, Sendable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])
}

/// Anything that can be a parameter of a statement.
package protocol Bindable {
    var sqliteValue: Value { get }
}

extension Int64: Bindable {
    package var sqliteValue: Value { .integer(self) }
}

extension Int: Bindable {
    package var sqliteValue: Value { .integer(Int64(self)) }
}

extension UInt32: Bindable {
    package var sqliteValue: Value { .integer(Int64(self)) }
}

/// 0 or 1.
extension Bool: Bindable {
    package var sqliteValue: Value { .integer(self ? 1 : 0) }
}

/// SQLite stores a NaN as NULL, so a NOT NULL column refuses it.
extension Double: Bindable {
    package var sqliteValue: Value { .real(self) }
}

extension String: Bindable {
    package var sqliteValue: Value { .text(self) }
}

extension [UInt8]: Bindable {
    package var sqliteValue: Value { .blob(self) }
}

extension Optional: Bindable where Wrapped: Bindable {
    package var sqliteValue: Value { self?.sqliteValue ?? .null }
}
