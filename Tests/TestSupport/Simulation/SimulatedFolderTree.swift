/// The names of a simulated disk: what the processes see, and what is on the platter.
///
/// Changes of names wait in one list until a folder is synced or the machine crashes.
final class SimulatedFolderTree {
  final class Folder {
    fileprivate(set) var current: [String: Node] = [:]
    fileprivate(set) var durable: [String: Node] = [:]
  }
  enum Node {
    case file(SimulatedFileContent)
    case folder(Folder)
  }
  /// One call's change: a rename sets one name and clears another in one step.
  private struct Change {
    let serial: Int
    var effects: [(folder: Folder, name: String, node: Node?)]

    func shares(_ other: Change) -> Bool {
      effects.contains { mine in
        other.effects.contains { $0.folder === mine.folder && $0.name == mine.name }
      }
    }
  }

  private let root = Folder()
  private var pending: [Change] = []
  /// Number of the last change.
  private(set) var serial = 0

  /// The node at `path`; with `isDurable` what a crash leaves there for sure.
  func node(_ path: String, isDurable: Bool = false) -> Node? {
    var node = Node.folder(root)
    for name in Self.names(path) {
      guard case .folder(let folder) = node,
        let next = isDurable ? folder.durable[name] : folder.current[name]
      else { return nil }
      node = next
    }
    return node
  }

  /// The folder that holds `path`, and the path's last name; nil when there is no such folder.
  func place(_ path: String) -> (folder: Folder, name: String)? {
    let names = Self.names(path)
    guard let name = names.last, case .folder(let folder) = node(names.dropLast().joined(separator: "/"))
    else { return nil }
    return (folder, name)
  }

  func change(_ effects: [(folder: Folder, name: String, node: Node?)]) {
    for effect in effects {
      if case .file(let file) = effect.folder.current[effect.name] { file.links -= 1 }
      if case .file(let file) = effect.node { file.links += 1 }
      effect.folder.current[effect.name] = effect.node
    }
    serial += 1
    pending.append(Change(serial: serial, effects: effects))
  }

  /// Makes the changes up to this number durable that concern the folder, with what came before to the same names.
  func sync(_ folder: Folder, upTo last: Int) {
    let candidates = pending.prefix { $0.serial <= last }
    var chosen = candidates.map { $0.effects.contains { $0.folder === folder } }
    for later in chosen.indices.reversed() where chosen[later] {
      for earlier in 0..<later where !chosen[earlier] && pending[earlier].shares(pending[later]) {
        chosen[earlier] = true
      }
    }
    var rest: [Change] = []
    for (index, change) in pending.enumerated() {
      if index < chosen.count && chosen[index] { Self.store(change) } else { rest.append(change) }
    }
    pending = rest
  }

  /// A power loss: of the waiting changes the first ones stay, as a journal has it, or each does or does not.
  func crash(_ random: inout SeededRandom) {
    let kept: (Int) -> Bool
    switch random.int(0...3) {
    case 0: kept = { _ in false }
    case 1:
      let count = random.int(0...pending.count)
      kept = { $0 < count }
    default:
      let coins = pending.map { _ in random.int(0...1) == 0 }
      kept = { coins[$0] }
    }
    for (index, change) in pending.enumerated() where kept(index) { Self.store(change) }
    pending.removeAll()
    Self.restart(root)
  }

  /// Every file that has a name in the running system, each once per name.
  func visitFiles(_ body: (SimulatedFileContent) -> Void) { Self.visit(root, body) }

  private static func visit(_ folder: Folder, _ body: (SimulatedFileContent) -> Void) {
    for name in folder.current.keys.sorted() {
      switch folder.current[name] {
      case .file(let file): body(file)
      case .folder(let inner): visit(inner, body)
      case nil: break
      }
    }
  }

  /// Paths of all files below the folder, sorted.
  func paths(below path: String) -> [String] {
    guard case .folder(let folder) = node(path) else { return [] }
    return folder.current.keys.sorted().flatMap { name in
      if case .folder = folder.current[name] { return paths(below: "\(path)/\(name)") }
      return ["\(path)/\(name)"]
    }
  }

  private static func restart(_ folder: Folder) {
    folder.current = folder.durable
    for node in folder.current.values {
      if case .folder(let inner) = node { restart(inner) }
    }
  }

  private static func store(_ change: Change) {
    for effect in change.effects { effect.folder.durable[effect.name] = effect.node }
  }

  private static func names(_ path: String) -> [String] { path.split(separator: "/").map(String.init) }
}
