/// Which methods the router's own table has for a path; pure.
///
/// The router answers a path it does not know and a method it does not know alike; HTTP does not (RFC 9110 §15.5.6).
package struct RouteTable: Sendable {
  private enum Component: Sendable {
    case literal(Substring)
    case any
    /// The rest of the path, at least one component.
    case rest

    /// As in the router, what is written out goes before what stands for anything.
    var rank: Int {
      switch self {
      case .literal: 0
      case .any: 1
      case .rest: 2
      }
    }
  }
  private struct Route: Sendable {
    let pattern: String
    let components: [Component]
    let methods: Set<String>
  }

  private let routes: [Route]

  /// Takes paths as the router writes them: `/files/{id}/digest`, `/files/**`.
  package init(_ entries: some Sequence<(path: String, method: String)>) {
    var methods: [String: Set<String>] = [:]
    for entry in entries { methods[entry.path, default: []].insert(entry.method) }
    routes = methods.map { path, methods in
      Route(
        pattern: path,
        components: path.split(separator: "/").map { component in
          if component == "**" { return .rest }
          let isOpen = component.hasPrefix("{") || component.hasPrefix(":") || component == "*"
          return isOpen ? .any : .literal(component)
        }, methods: methods)
    }
  }

  /// What `Allow` says of a path, sorted; empty when there is nothing at the path.
  ///
  /// With HEAD, which every resource that has GET answers, and OPTIONS, which all do.
  package func methods(at path: String) -> [String] {
    guard var methods = route(at: path)?.methods else { return [] }
    methods.insert("OPTIONS")
    if methods.contains("GET") { methods.insert("HEAD") }
    return methods.sorted()
  }

  /// The pattern that the path belongs to, whatever the method; nil when there is nothing at the path.
  package func pattern(at path: String) -> String? { route(at: path)?.pattern }

  private func route(at path: String) -> Route? {
    let parts = path.split(separator: "/")
    return routes.filter { Self.matches($0.components, parts) }
      .min { $0.components.map(\.rank).lexicographicallyPrecedes($1.components.map(\.rank)) }
  }

  private static func matches(_ components: [Component], _ parts: [Substring]) -> Bool {
    for (index, component) in components.enumerated() {
      guard index < parts.count else { return false }
      switch component {
      case .rest: return true
      case .any: continue
      case .literal(let text): guard text == parts[index] else { return false }
      }
    }
    return components.count == parts.count
  }
}
