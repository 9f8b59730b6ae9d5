import Catalog
import Platform
import Pushes
import Vocabulary

/// Finds the files below a folder of a source, a page at a time and with one folder open. One caller at a time.
final class SourceScan: @unchecked Sendable {
  // Sendable because it has one user at a time, as it says; it is handed from thread to thread only.
  struct Page: Sendable {
    var files: [ExpectedFile] = []
    /// What was left out, a sentence each.
    var notes: [String] = []
  }
  private static let pageSize = 1000
  private static let maximumFlaws = 20
  /// What is never pushed: Sheaf's own folder at the top.
  private static let ownFolder = ".sheaf"

  private let source: Source
  private let tree: any SourceTree
  private let base: String
  /// Folders to go through, relative to the base.
  private var waiting: [String] = []
  private var current: (folder: String, stream: FolderStream)?
  private var flaws: [String] = []
  private var found = 0
  private var byteCount: Int64 = 0

  /// - Parameter all: everything below the base is asked for, and not what `select` is told.
  init(_ source: Source, _ tree: any SourceTree, base: String, all: Bool) {
    self.source = source
    self.tree = tree
    self.base = base
    if all { waiting = [""] }
  }

  /// Adds what somebody asked for by name.
  ///
  /// - Throws: `ProblemError` for what is not there, or is neither a file nor a folder.
  func select(_ paths: [BundlePath]) throws(ProblemError) -> Page {
    var page = Page()
    for path in paths {
      let full = try full(path.text)
      let info: FileInfo?
      do throws(FileError) { info = try tree.info(full) } catch { throw problem(error, full) }
      switch info?.kind {
      case .file: try add(path.text, info, to: &page)
      case .folder: waiting.append(path.text)
      case .link: throw unreadable(full, "is a symbolic link, which is not followed")
      case .other: throw unreadable(full, "is neither a file nor a folder")
      case nil:
        guard tree.isInPlace else { throw source.unavailable }
        throw unreadable(full, "is not there")
      }
    }
    return page
  }

  /// The next files; nil after the last.
  ///
  /// - Throws: `ProblemError`: `bad-path` with the names that cannot be in a bundle, `too-large`, or what the source is
  ///   guilty of.
  func next() throws(ProblemError) -> Page? {
    var page = Page()
    while page.files.count + page.notes.count < Self.pageSize {
      if current == nil {
        guard let folder = waiting.popLast() else { break }
        let full = folder.isEmpty ? base : try full(folder)
        do throws(FileError) { current = (folder, try tree.folder(full)) } catch {
          throw problem(error, full)
        }
      }
      guard let (folder, stream) = current else { break }
      let member: FolderMember?
      do throws(FileError) {
        guard let name = try stream.nextName() else {
          current = nil
          continue
        }
        member = try stream.member(name)
      } catch {
        throw problem(error, base.isEmpty ? folder : "\(base)/\(folder)")
      }
      // One that is gone again was not there.
      if let member { try take(member, in: folder, to: &page) }
    }
    let isLast = current == nil && waiting.isEmpty
    if !flaws.isEmpty && (isLast || flaws.count >= Self.maximumFlaws) {
      throw ProblemError(
        .badPath, detail: "names that cannot be in a bundle: \(flaws.joined(separator: "; "))")
    }
    return isLast && page.files.isEmpty && page.notes.isEmpty ? nil : page
  }

  private func take(_ member: FolderMember, in folder: String, to page: inout Page) throws(ProblemError) {
    let shown = folder.isEmpty ? member.shownName : "\(folder)/\(member.shownName)"
    switch member.info.kind {
    case .link: page.notes.append("left out the symbolic link \(quoted(shown))")
    case .other: page.notes.append("left out \(quoted(shown)): neither a file nor a folder")
    case .file, .folder:
      guard let name = member.name else {
        flaws.append("\(quoted(shown)) is not valid UTF-8")
        return
      }
      let path = folder.isEmpty ? name : "\(folder)/\(name)"
      if member.info.kind == .file { return try add(path, member.info, to: &page) }
      if path == Self.ownFolder {
        page.notes.append("left out the folder \(quoted(path)), which is Sheaf's own")
        return
      }
      waiting.append(path)
      try checkLimit()
    }
  }

  private func add(_ text: String, _ info: FileInfo?, to page: inout Page) throws(ProblemError) {
    let path: BundlePath
    do throws(ProblemError) {
      path = try BundlePath(text)
      _ = try full(text)
    } catch {
      flaws.append(error.detail)
      return
    }
    let size = info?.size ?? 0
    let (sum, isTooLarge) = byteCount.addingReportingOverflow(size)
    guard !isTooLarge else { throw unreadable(text, "makes more bytes than can be counted") }
    byteCount = sum
    found += 1
    try checkLimit()
    page.files.append(ExpectedFile(path: path, size: size, digest: nil))
  }

  private func checkLimit() throws(ProblemError) {
    guard found <= PushRegister.maximumFiles, waiting.count <= PushRegister.maximumFiles else {
      throw ProblemError(
        .tooLarge,
        detail: "the folder has more than \(PushRegister.maximumFiles) files or folders; push it in parts")
    }
  }

  /// The path below the source.
  private func full(_ path: String) throws(ProblemError) -> String {
    try BundlePath(base.isEmpty ? path : "\(base)/\(path)").text
  }

  private func problem(_ error: FileError, _ path: String) -> ProblemError {
    SourceProblem.of(error, path, tree, source)
  }

  private func unreadable(_ path: String, _ what: String) -> ProblemError {
    ProblemError(
      .sourceUnreadable, detail: "\(quoted(path)) in source \(quoted(source.name)) \(what)",
      members: ["path": .text(path)])
  }
}
