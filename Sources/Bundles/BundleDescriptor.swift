import Catalog
import Vocabulary

/// The small file that describes a bundle beside its manifest, enough to rebuild its catalog row.
package enum BundleDescriptor {
  /// `<sequence>-<bundle id>.json`, the number padded so that names sort.
  package static func name(_ bundle: BundleRecord) -> String {
    let digits = String(bundle.sequence)
    return String(repeating: "0", count: max(0, 8 - digits.count)) + digits + "-\(bundle.id).json"
  }

  /// The text of the descriptor in this folder of descriptors, whose name is the repo's first.
  ///
  /// What has neither parents nor contributors is written in format 1, which has no members for them.
  package static func text(_ bundle: BundleRecord, folder: RepoName) -> String {
    let isPlain = bundle.parents.isEmpty && bundle.contributors.isEmpty
    var fields: [(String, String)] = [
      ("format", jsonString(isPlain ? format1 : format2)),
      ("id", jsonString(bundle.id.text)),
      ("repo", jsonString(folder.text)),
      ("sequence", String(bundle.sequence)),
      ("digest", jsonString(bundle.digest.hex)),
      ("message", jsonString(bundle.message)),
      ("label", bundle.label.map { jsonString($0.text) } ?? "null"),
      ("author", bundle.author.map(jsonString) ?? "null"),
      ("push", jsonString(bundle.push.text)),
      ("fileCount", String(bundle.fileCount)),
      ("byteCount", String(bundle.byteCount)),
      ("createdAt", jsonString(bundle.createdAt.rfc3339)),
    ]
    if !isPlain {
      fields += [
        ("parents", list(bundle.parents.map(\.text))), ("contributors", list(bundle.contributors)),
      ]
    }
    return "{\n" + fields.map { "  \(jsonString($0.0)): \($0.1)" }.joined(separator: ",\n") + "\n}\n"
  }

  static let format1 = "sheaf bundle 1"
  static let format2 = "sheaf bundle 2"

  private static func list(_ items: [String]) -> String {
    "[" + items.map(jsonString).joined(separator: ", ") + "]"
  }
}
