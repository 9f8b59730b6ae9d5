import Platform
import Vocabulary

/// Where this user's unfinished pushes are remembered.
package enum StateFolder {
  /// `$XDG_STATE_HOME/sheaf/pushes`, or `~/.local/state/sheaf/pushes`; nil when neither variable helps.
  ///
  /// A relative `XDG_STATE_HOME` is ignored, as the XDG base directory specification wants.
  package static func pushes(environment: [String: String]) -> String? {
    base(environment: environment).map { "\($0)/pushes" }
  }

  /// The folder above it, for what belongs to no push.
  package static func base(environment: [String: String]) -> String? {
    if let folder = environment["XDG_STATE_HOME"], folder.hasPrefix("/") { return "\(folder)/sheaf" }
    if let home = environment["HOME"], home.hasPrefix("/") { return "\(home)/.local/state/sheaf" }
    return nil
  }

  /// The same command run again has the same key; anything that makes it another push makes another key.
  ///
  /// - Parameters:
  ///   - seals: false when others may add to the push.
  ///   - conflicts: the push's policy when it was named.
  package static func key(
    server: ServerURL, repo: RepoName, label: LabelName?, message: String, sources: [String],
    seals: Bool = true, conflicts: String? = nil
  ) -> String {
    // No source is spelled so: they are absolute paths.
    let options = (seals ? [] : ["seals=false"]) + (conflicts.map { ["conflicts=\($0)"] } ?? [])
    // Lengths keep apart what a separator could blur.
    let parts = [server.text, repo.text, label?.text ?? "", message] + options + sources.sorted()
    let bytes = parts.flatMap { Array("\($0.utf8.count):".utf8) + Array($0.utf8) }
    return SHA256Stream.digest(of: bytes).hex
  }
}
