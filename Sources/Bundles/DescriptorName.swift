import Vocabulary

/// The name of a bundle's descriptor, `<sequence>-<bundle id>.json`.
package struct DescriptorName: Sendable, Equatable {
  package let text: String
  package let sequence: Int64
  package let id: BundleID

  /// nil for the name of anything else.
  package init?(_ name: String) {
    let parts = name.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0].count >= 8, parts[0].allSatisfy({ $0.isASCII && $0.isNumber }),
      let sequence = Int64(parts[0]), parts[1].hasSuffix(".json"), let id = BundleID(parts[1].dropLast(5))
    else { return nil }
    text = name
    self.sequence = sequence
    self.id = id
  }
}
