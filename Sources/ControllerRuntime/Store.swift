public import APIMachinery
private import Synchronization

/// The objects of a collection as last seen, by name and by index. Reading never waits and never asks a server.
///
/// What is read may be older than what the server has; a reconciler must be right about that case as well.
public final class Store<Object: Sendable>: Sendable {
    /// Computes the values under which an object is found: its owner's uid, its node's name.
    public typealias IndexFunction = @Sendable (Object) -> [String]

    struct Entry: Sendable {
        var object: Object
        var resourceVersion: String
        var uid: String
    }

    private struct State {
        var entries: [NamespacedName: Entry] = [:]
        var indices: [String: [String: Set<NamespacedName>]] = [:]
    }

    private let functions: [String: IndexFunction]
    private let state: Mutex<State>

    init(indices: [String: IndexFunction]) {
        functions = indices
        var initial = State()
        for name in indices.keys { initial.indices[name] = [:] }
        state = Mutex(initial)
    }

    /// The object of that name, if there is one.
    public func get(_ name: NamespacedName) -> Object? {
        state.withLock { $0.entries[name]?.object }
    }

    /// The object of that name, if there is one.
    public func get(namespace: String = "", name: String) -> Object? {
        get(NamespacedName(namespace: namespace, name: name))
    }

    /// All objects, or those of a namespace, sorted by name.
    public func list(namespace: String = "") -> [Object] {
        let entries = state.withLock { $0.entries }
        return entries.filter { namespace.isEmpty || $0.key.namespace == namespace }
            .sorted { $0.key < $1.key }
            .map(\.value.object)
    }

    /// The objects that an index has under a value, sorted by name. An index that was not declared is empty.
    public func list(index: String, value: String) -> [Object] {
        state.withLock { state in
            (state.indices[index]?[value] ?? []).sorted().compactMap { state.entries[$0]?.object }
        }
    }

    /// How many objects there are.
    public var count: Int { state.withLock { $0.entries.count } }

    /// The names of all objects.
    var names: Set<NamespacedName> { state.withLock { Set($0.entries.keys) } }

    /// Puts an object in its place; answers the entry that was there.
    func set(_ name: NamespacedName, _ entry: Entry) -> Entry? {
        state.withLock { state in
            let old = state.entries.updateValue(entry, forKey: name)
            if let old { unindex(name, old.object, &state) }
            for (index, function) in functions {
                for value in function(entry.object) { state.indices[index]?[value, default: []].insert(name) }
            }
            return old
        }
    }

    /// Removes an object; answers the entry that was there.
    func remove(_ name: NamespacedName) -> Entry? {
        state.withLock { state in
            guard let old = state.entries.removeValue(forKey: name) else { return nil }
            unindex(name, old.object, &state)
            return old
        }
    }

    private func unindex(_ name: NamespacedName, _ object: Object, _ state: inout State) {
        for (index, function) in functions {
            for value in function(object) {
                state.indices[index]?[value]?.remove(name)
                if state.indices[index]?[value]?.isEmpty == true { state.indices[index]?[value] = nil }
            }
        }
    }
}
