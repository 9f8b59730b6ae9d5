import Catalog
import FoundationEssentials
import Vocabulary

/// The small file `repo.json` in a repo's folder of descriptors: what no bundle tells of it, enough to rebuild its row
/// and its labels. A repo about which there is nothing such to tell has none.
package struct RepoDescriptor: Sendable, Equatable {
  package static let name = "repo.json"
  /// No descriptor is longer.
  package static let maximumBytes = 64 << 20
  private static let format = "sheaf repo 1"

  package var name: RepoName
  package var description: String?
  package var createdAt: Timestamp
  package var lastSequence: Int64
  package var weight: Int
  package var retention: RetentionPolicy
  package var labels: [LabelName: BundleID]

  package init(_ repo: RepoRecord, labels: [LabelName: BundleID]) {
    name = repo.name
    description = repo.description
    createdAt = repo.createdAt
    lastSequence = repo.lastSequence
    weight = repo.weight
    retention = repo.retention
    self.labels = labels
  }

  package var text: String {
    let fields: [(String, String)] = [
      ("format", jsonString(Self.format)),
      ("name", jsonString(name.text)),
      ("description", description.map(jsonString) ?? "null"),
      ("createdAtMilliseconds", String(createdAt.milliseconds)),
      ("lastSequence", String(lastSequence)),
      ("weight", String(weight)),
      ("keepLatest", retention.latest.map(String.init) ?? "null"),
      ("keepSeconds", retention.ageSeconds.map(String.init) ?? "null"),
      ("labels", labelText),
    ]
    return "{\n" + fields.map { "  \(jsonString($0.0)): \($0.1)" }.joined(separator: ",\n") + "\n}\n"
  }

  private var labelText: String {
    if labels.isEmpty { return "{}" }
    let lines = labels.sorted { $0.key < $1.key }.map {
      "    \(jsonString($0.key.text)): \(jsonString($0.value.text))"
    }
    return "{\n" + lines.joined(separator: ",\n") + "\n  }"
  }

  /// - Throws: `BundleDescriptorError` when the bytes are not what `text` makes of a repo.
  package init(parsing bytes: [UInt8]) throws(BundleDescriptorError) {
    guard bytes.count <= Self.maximumBytes,
      let fields = try? JSONDecoder().decode(Fields.self, from: Data(bytes)),
      fields.format == Self.format, let name = try? RepoName(fields.name), (1...100).contains(fields.weight)
    else { throw BundleDescriptorError() }
    var labels: [LabelName: BundleID] = [:]
    for (key, value) in fields.labels {
      if let label = try? LabelName(key), let bundle = BundleID(value) { labels[label] = bundle }
    }
    self.init(
      RepoRecord(
        name: name, description: fields.description,
        createdAt: Timestamp(milliseconds: fields.createdAtMilliseconds), bundleCount: 0,
        lastSequence: fields.lastSequence, weight: fields.weight,
        retention: RetentionPolicy(latest: fields.keepLatest, ageSeconds: fields.keepSeconds)),
      labels: labels)
    guard text.utf8.elementsEqual(bytes) else { throw BundleDescriptorError() }
  }

  private struct Fields: Decodable {
    var format: String
    var name: String
    var description: String?
    var createdAtMilliseconds: Int64
    var lastSequence: Int64
    var weight: Int
    var keepLatest: Int?
    var keepSeconds: Int64?
    var labels: [String: String]
  }
}
