import Foundation
import GatewayConfiguration
import Ingestion
import Platform
import Vocabulary

/// The sources that settings name, as folders that are there.
enum SourcePlan {
  /// - Parameter data: the path of the data folder, which need not exist yet.
  /// - Throws: `CommandFailure` with one line that names the source and what is wrong with it.
  static func sources(_ settings: [SourceSetting], data: String) throws -> SourceList {
    let data = real(data)
    return SourceList(
      try settings.map { setting in
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: setting.path, isDirectory: &isFolder) else {
          throw CommandFailure("source \(setting.name): there is no folder \(quoted(setting.path))")
        }
        guard isFolder.boolValue else {
          throw CommandFailure("source \(setting.name): \(quoted(setting.path)) is not a folder")
        }
        // Links of the path are the operator's own and are followed now, once; later none is.
        let path = real(setting.path)
        guard !holds(path, data), !holds(data, path) else {
          throw CommandFailure(
            "source \(setting.name): \(quoted(path)) and the data folder \(quoted(data)) must not hold each other"
          )
        }
        let source = Source(name: setting.name, path: path)
        do throws(ProblemError) { _ = try source.tree() } catch {
          throw CommandFailure("source \(setting.name): \(quoted(path)) cannot be opened")
        }
        return source
      })
  }

  private static func holds(_ folder: String, _ other: String) -> Bool {
    other == folder || other.hasPrefix(folder.hasSuffix("/") ? folder : folder + "/")
  }

  /// The path without links; of one that is not there, as far as it is.
  private static func real(_ path: String) -> String {
    let absolute = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    var existing = absolute
    var rest: [String] = []
    while !FileManager.default.fileExists(atPath: existing), existing != "/", !existing.isEmpty {
      rest.insert((existing as NSString).lastPathComponent, at: 0)
      existing = (existing as NSString).deletingLastPathComponent
    }
    let resolved = URL(filePath: existing).resolvingSymlinksInPath().path
    return rest.reduce(resolved) { ($0 as NSString).appendingPathComponent($1) }
  }
}
