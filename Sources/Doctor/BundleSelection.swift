import Catalog
import Vocabulary

/// Tells which of a repo's descriptors are of bundles: a descriptor alone is no proof, as a commit writes it before
/// the bundle exists.
package enum BundleSelection {
  /// The bundles, by their numbers.
  ///
  /// Of one bundle's descriptors the greatest number counts: it moved on because another bundle took the number
  /// before. Of the descriptors of one number only the newest can have been published: from then on the number was
  /// taken, so that nobody wrote another.
  package static func choose(among descriptors: [BundleRecord]) -> [BundleRecord] {
    let byBundle = Dictionary(grouping: descriptors, by: \.id).values.compactMap { own in
      own.max { $0.sequence < $1.sequence }
    }
    let byNumber = Dictionary(grouping: byBundle, by: \.sequence).values.compactMap { rivals in
      rivals.max { ($0.createdAt.milliseconds, $0.id.text) < ($1.createdAt.milliseconds, $1.id.text) }
    }
    return byNumber.sorted { $0.sequence < $1.sequence }
  }
}
