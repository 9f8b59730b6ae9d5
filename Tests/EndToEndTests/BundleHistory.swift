import Foundation
import TestSupport
import Testing

/// A server with two bundles of repo `docs`, made of the machine's source folder: labelled `one` and `two`.
///
/// From the first to the second: `same` stays, `changed` changes, `gone` goes, `moved` becomes `there/moved`, `new` comes,
/// folder `turns` becomes a file, and file `opens` becomes a folder.
struct BundleHistory {
  static let largeMebibytes = 3
  let server: GatewayProcess
  let machine: ClientMachine
  /// Ids, oldest first.
  let bundles: [String]

  init() throws {
    machine = try ClientMachine()
    let first = [
      "same": "same", "changed": "before", "gone": "gone",
      "moved": String(repeating: "moved ", count: 20_000),
      "turns/a": "turns", "turns/b/c": "turns too", "opens": "opens", "empty": "", "50% ü/a b": "odd name",
    ]
    for (path, text) in first { try machine.folder.write(text, to: "source/\(path)") }
    try machine.writeLarge("large.bin", mebibytes: Self.largeMebibytes, seed: 3)
    server = try GatewayProcess()
    try server.start()
    var bundles = [try Self.push(machine, server, "one")]
    let files = FileManager.default
    for name in ["gone", "moved", "turns", "opens"] { try files.removeItem(atPath: machine.source + name) }
    let second = [
      "changed": "after", "there/moved": String(repeating: "moved ", count: 20_000), "new": "new",
      "turns": "a file",
      "opens/now": "a folder",
    ]
    for (path, text) in second { try machine.folder.write(text, to: "source/\(path)") }
    bundles.append(try Self.push(machine, server, "two"))
    self.bundles = bundles
  }

  private static func push(_ machine: ClientMachine, _ server: GatewayProcess, _ label: String) throws
    -> String
  {
    let result = try machine.ask(
      server, ["push", machine.source, "--repo", "docs", "-m", "bundle \(label)", "--label", label, "--json"])
    try #require(result.status == 0, "\(result)")
    return try #require(try result.object["bundle"] as? String)
  }

  /// What must be reported from the first to the second.
  static let differences = [
    "U changed", "D gone", "A new", "D opens", "A opens/now", "R moved -> there/moved", "A turns",
    "D turns/a",
    "D turns/b/c",
  ]

  func ask(_ arguments: [String]) throws -> ProgramResult { try machine.ask(server, arguments) }

  /// The path of a request about a bundle.
  func target(_ reference: String, _ rest: String) -> String {
    "/api/v1/repos/docs/bundles/\(reference)\(rest)"
  }
}
