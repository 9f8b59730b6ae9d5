import Bundles
import Catalog
import Vocabulary

/// The body that makes a repo.
package struct RepoFields: Decodable, Sendable {
  package let name: RepoName
  package let description: String?

  package init(from decoder: any Decoder) throws {
    let reader = try FieldReader(decoder, fields: ["name", "description"])
    name = try RepoName(reader.required("name"))
    description = try reader.optional("description")
    try RepoRegister.check(description: description)
  }
}

/// The body that changes a repo; members that are absent stay as they are.
package struct RepoChangeFields: Decodable, Sendable {
  package let change: RepoChange

  package init(from decoder: any Decoder) throws {
    let reader = try FieldReader(decoder, fields: ["name", "description", "weight", "retention"])
    let retention: RetentionFields? = try reader.optional("retention")
    let weight: Int64? = try reader.optional("weight")
    change = RepoChange(
      name: try reader.optional("name").map { (name: String) in try RepoName(name) },
      description: try reader.optional("description"), weight: weight.map { Int($0) },
      retention: retention?.policy)
  }
}

/// Rules of retention; those that are absent are not set.
struct RetentionFields: FieldValue, Sendable {
  static let noun = "an object with latest, ageSeconds or both"
  let policy: RetentionPolicy

  init(from decoder: any Decoder) throws {
    let reader = try FieldReader(decoder, fields: ["latest", "ageSeconds"])
    let latest: Int64? = try reader.optional("latest")
    policy = RetentionPolicy(latest: latest.map { Int($0) }, ageSeconds: try reader.optional("ageSeconds"))
  }
}

/// The body that thins a repo out.
package struct SquashFields: Decodable, Sendable {
  package let policy: RetentionPolicy
  package let isDryRun: Bool

  package init(from decoder: any Decoder) throws {
    let reader = try FieldReader(decoder, fields: ["latest", "ageSeconds", "dryRun"])
    let latest: Int64? = try reader.optional("latest")
    policy = RetentionPolicy(latest: latest.map { Int($0) }, ageSeconds: try reader.optional("ageSeconds"))
    isDryRun = try reader.optional("dryRun") ?? false
  }
}

/// The body that puts a label on a bundle.
package struct LabelFields: Decodable, Sendable {
  package let bundle: String

  package init(from decoder: any Decoder) throws {
    bundle = try FieldReader(decoder, fields: ["bundle"]).required("bundle")
  }
}
