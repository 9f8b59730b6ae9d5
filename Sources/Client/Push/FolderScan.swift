import Platform
import Vocabulary

/// Finds the files that PATH arguments name and their places in the bundle.
///
/// A file `a/b.txt` becomes `b.txt`. A folder `a/b` contributes `b/…` (as `cp -r` does); with a trailing slash, or when
/// it ends in `.` or `..`, only its contents (as rsync does). Folders without files leave no trace, and neither does
/// `.sheaf`, where `sheaf pull` keeps its notes, wherever it lies. Where a folder is compared with a bundle, only the
/// `.sheaf` at its top is left out: a bundle may have one below.
package struct FolderScan: Sendable {
  /// A push takes no more than this.
  package static let maximumFiles = 1_000_000
  /// The error about arguments that name no file.
  package static let noFiles = "there are no files to push"

  /// In byte order of their paths.
  package private(set) var files: [SourceFile] = []
  /// What was left out.
  package private(set) var warnings: [String] = []
  /// Why nothing may be sent; one for each cause.
  package private(set) var errors: [String] = []

  /// Which folders named `.sheaf` are left out.
  private enum Skipping { case everywhere, top, nowhere }
  private var skipping = Skipping.everywhere

  package var byteCount: Int64 { files.reduce(0) { $0 + $1.size } }

  /// Looks at the disk; call only on an `IOExecutor`'s threads.
  ///
  /// - Parameters:
  ///   - folder: what relative arguments are relative to; absolute.
  ///   - allowsEmpty: whether there may be no files at all.
  package init(_ arguments: [String], in folder: String, allowsEmpty: Bool = false) {
    for argument in arguments { add(argument: argument, in: folder) }
    guard files.count <= Self.maximumFiles else {
      errors.append("there are more than \(Self.maximumFiles) files; push them in parts")
      return
    }
    findCollisions()
    files.sort { $0.path < $1.path }
    if files.isEmpty && errors.isEmpty && !allowsEmpty { errors.append(Self.noFiles) }
  }

  /// All files below the folder, by their paths in it; there may be none.
  ///
  /// - Parameter takesNotes: with what lies in the `.sheaf` at the top.
  package init(contentsOf folder: String, takesNotes: Bool = false) {
    skipping = takesNotes ? .nowhere : .top
    walk(folder, as: "")
    if files.count > Self.maximumFiles { errors.append("there are more than \(Self.maximumFiles) files") }
    files.sort { $0.path < $1.path }
  }

  /// The argument as an absolute path; a trailing slash, which has a meaning, stays.
  package static func absolute(_ argument: String, in folder: String) -> String {
    let whole = argument.hasPrefix("/") ? argument : "\(folder)/\(argument)"
    let parts = whole.split(separator: "/").filter { $0 != "." }
    let isContents = whole.hasSuffix("/") || whole.hasSuffix("/.")
    return "/" + parts.joined(separator: "/") + (isContents && !parts.isEmpty ? "/" : "")
  }

  private mutating func add(argument: String, in folder: String) {
    guard !argument.isEmpty else { return errors.append("a PATH is empty") }
    let absolute = Self.absolute(argument, in: folder)
    do {
      guard let info = try FileInfo.of(absolute) else {
        return errors.append("\(quoted(argument)) does not exist")
      }
      let last = absolute.split(separator: "/").last.map(String.init) ?? ""
      guard last != PullFolder.name else {
        return errors.append("\(quoted(argument)) is where sheaf pull keeps its notes; it is not sent")
      }
      switch info.kind {
      case .folder:
        let isContents = absolute.hasSuffix("/") || last == ".."
        walk(
          isContents && absolute.hasSuffix("/") ? String(absolute.dropLast()) : absolute,
          as: isContents ? "" : last)
      case .file: add(absolute, as: last, info)
      case .link:
        // Left out silently it would be missed: somebody asked for it by name.
        errors.append(
          "\(quoted(argument)) is a symbolic link; name what it points to, or end it with / for a folder")
      case .other: errors.append("\(quoted(argument)) is neither a file nor a folder")
      }
    } catch {
      errors.append(error.description)
    }
  }

  private mutating func walk(_ root: String, as prefix: String) {
    var waiting = [(folder: root, prefix: prefix)]
    while let (folder, prefix) = waiting.popLast() {
      let members: [FolderMember]
      do {
        members = try DirectoryWalk.members(of: folder.isEmpty ? "/" : folder)
      } catch {
        errors.append(error.description)
        continue
      }
      for member in members {
        guard let name = member.name else {
          errors.append("\(quoted("\(folder)/\(member.shownName)")) has a name that is not valid UTF-8")
          continue
        }
        let local = "\(folder)/\(name)"
        if name == PullFolder.name, skipping == .everywhere || skipping == .top && prefix.isEmpty { continue }
        let path = prefix.isEmpty ? name : "\(prefix)/\(name)"
        switch member.info.kind {
        case .folder: waiting.append((local, path))
        case .file: add(local, as: path, member.info)
        case .link: warnings.append("skipped symbolic link \(quoted(local))")
        case .other: warnings.append("skipped \(quoted(local)): neither a file nor a folder")
        }
      }
      // Enough to know that it is too much.
      if files.count > Self.maximumFiles { return }
    }
  }

  private mutating func add(_ local: String, as path: String, _ info: FileInfo) {
    do {
      files.append(SourceFile(path: try BundlePath(path), localPath: local, info: info))
    } catch {
      errors.append("\(quoted(local)) cannot be part of a bundle: \(error.detail)")
    }
  }

  /// With `/` sorted before everything else, a path is followed at once by its equals and by what lies below it.
  private mutating func findCollisions() {
    let keyed = files.map { file in
      (key: file.path.text.utf8.map { $0 == UInt8(ascii: "/") ? 0 : $0 }, file: file)
    }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    for (first, second) in zip(keyed, keyed.dropFirst())
    where first.file.path == second.file.path || first.file.path.contains(second.file.path) {
      errors.append(
        "\(quoted(first.file.localPath)) and \(quoted(second.file.localPath)) collide in the bundle at "
          + quoted(first.file.path.text))
    }
  }
}
