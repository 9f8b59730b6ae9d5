import Catalog
import Vocabulary

/// The small file that describes a bundle beside its manifest, enough to rebuild its catalog row.
package enum BundleDescriptor {
  /// `<sequence>-<bundle id>.json`, the number padded so that names sort.
  package static func name(_ bundle: BundleRecord) -> String {
    let digits = String(bundle.sequence)
    return String(repeating: "0", count: max(0, 8 - digits.count)) + digits + "-\(bundle.id).json"
  }

  package static func text(_ bundle: BundleRecord) -> String {
    let fields: [(String, String)] = [
      ("format", jsonString("sheaf bundle 1")),
      ("id", jsonString(bundle.id.text)),
      ("repo", jsonString(bundle.repo.text)),
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
    return "{\n" + fields.map { "  \(jsonString($0.0)): \($0.1)" }.joined(separator: ",\n") + "\n}\n"
  }
}
