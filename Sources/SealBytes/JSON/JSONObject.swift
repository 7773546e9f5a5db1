// SPDX-License-Identifier: Apache-2.0
// The members of a JSON object: in order, each name once, found fast however many there are.

/// The members of a JSON object in the order they came.
public struct JSONObject: Sendable, Equatable {
    /// One member.
    public struct Member: Sendable, Equatable {
        /// Its name.
        public let name: String
        /// Its value.
        public var value: JSONValue
    }

    /// All members.
    public private(set) var all: [Member] = []
    /// Where each name is, once looking through all would take longer.
    private var places: [Name: Int]?

    /// With more members than this there is an index.
    private static let unindexedMax = 12

    /// Makes an object without members.
    public init() {}

    /// Makes an object; of two members with one name the last stays.
    public init(_ members: [(String, JSONValue)]) {
        all.reserveCapacity(members.count)
        for (name, value) in members { self[name] = value }
    }

    /// How many members there are.
    public var count: Int { all.count }

    /// Whether there is none.
    public var isEmpty: Bool { all.isEmpty }

    /// The names in order.
    public var names: [String] { all.map(\.name) }

    /// The value of a name; nil takes the member away, and a new name goes to the end.
    public subscript(name: String) -> JSONValue? {
        get { place(of: name).map { all[$0].value } }
        set {
            guard let newValue else { return remove(name) }
            if let place = place(of: name) {
                all[place].value = newValue
            } else {
                add(name, newValue)
            }
        }
    }

    /// Adds a member unless there is one of this name; tells whether it did.
    mutating func insert(_ name: String, _ value: JSONValue) -> Bool {
        guard place(of: name) == nil else { return false }
        add(name, value)
        return true
    }

    private mutating func add(_ name: String, _ value: JSONValue) {
        all.append(Member(name: name, value: value))
        if places != nil {
            places?[Name(name)] = all.count - 1
        } else if all.count > Self.unindexedMax {
            index()
        }
    }

    private mutating func remove(_ name: String) {
        guard let place = place(of: name) else { return }
        all.remove(at: place)
        if places != nil { index() }
    }

    private mutating func index() {
        var index: [Name: Int] = [:]
        index.reserveCapacity(all.count * 2)
        for (place, member) in all.enumerated() { index[Name(member.name)] = place }
        places = index
    }

    private func place(of name: String) -> Int? {
        if let places { return places[Name(name)] }
        return all.firstIndex { $0.name.isSame(as: name) }
    }

    /// Two objects are the same when they have the same members, in whatever order.
    public static func == (left: Self, right: Self) -> Bool {
        left.count == right.count && left.all.allSatisfy { right[$0.name] == $0.value }
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// Makes an object with its members in this order.
    public init(dictionaryLiteral elements: (String, JSONValue)...) { self.init(elements) }
}
