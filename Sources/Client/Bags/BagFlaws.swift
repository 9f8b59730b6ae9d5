import Vocabulary

/// Why a folder is no bag that can be trusted; all that was found, up to a limit.
package struct BagFlaws: Error, Sendable, CustomStringConvertible {
  package static let most = 1000
  package private(set) var texts: [String] = []

  package init(_ texts: [String] = []) { self.texts = texts }

  mutating func add(_ text: String) {
    if texts.count < Self.most { texts.append(text) }
  }

  package var description: String {
    let rest = texts.count > 20 ? "\n  and \(texts.count - 20) more" : ""
    return "the bag is not valid:\n  " + texts.prefix(20).joined(separator: "\n  ") + rest
  }
}
