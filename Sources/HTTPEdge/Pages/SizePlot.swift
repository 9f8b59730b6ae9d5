import Catalog
import Vocabulary

/// The sizes of a repo's bundles over time, as the parts of a drawing that a template puts together.
package struct SizePlot: Sendable {
  /// More bundles than this are not drawn; the newest are.
  package static let maximumPoints = 200
  private static let width = 900.0
  private static let height = 130.0
  private static let margin = 8.0

  private let bundles: [BundleRecord]

  /// - Parameter bundles: newest first.
  package init(_ bundles: [BundleRecord]) {
    self.bundles = Array(bundles.prefix(Self.maximumPoints)).reversed()
  }

  /// nil with fewer than two bundles: there is nothing to compare.
  func view() -> PageView? {
    guard bundles.count > 1, let first = bundles.first, let last = bundles.last else { return nil }
    let most = max(1, bundles.map(\.byteCount).max() ?? 1)
    let span = Double(max(1, last.createdAt.milliseconds - first.createdAt.milliseconds))
    let points = bundles.map { bundle in
      (
        x: Self.margin + Double(bundle.createdAt.milliseconds - first.createdAt.milliseconds) / span
          * (Self.width - 2 * Self.margin),
        y: Self.height - Self.margin - Double(bundle.byteCount) / Double(most)
          * (Self.height - 2 * Self.margin)
      )
    }
    let line = points.map { "\(Self.text($0.x)),\(Self.text($0.y))" }.joined(separator: " ")
    let floor = Self.text(Self.height - Self.margin)
    return [
      "width": Self.text(Self.width), "height": Self.text(Self.height), "line": line,
      "area":
        "\(Self.text(points[0].x)),\(floor) \(line) \(Self.text(points[points.count - 1].x)),\(floor)",
      "most": PageFormat.bytes(most), "from": String(first.createdAt.rfc3339.prefix(10)),
      "to": String(last.createdAt.rfc3339.prefix(10)),
      "summary":
        "Bytes of bundles \(first.sequence) to \(last.sequence): from \(PageFormat.bytes(first.byteCount)) to \(PageFormat.bytes(last.byteCount)), at most \(PageFormat.bytes(most))",
      "points": zip(bundles, points).map { bundle, point in
        [
          "x": Self.text(point.x), "y": Self.text(point.y),
          "href": PageLinks.bundle(bundle.repo, bundle.id.text),
          "title":
            "#\(bundle.sequence): \(PageFormat.bytes(bundle.byteCount)), \(PageFormat.plural(bundle.fileCount, "file"))",
        ] as PageView
      },
    ]
  }

  /// One decimal, without the exponents that a drawing would not take.
  private static func text(_ value: Double) -> String {
    let tenths = Int64((value * 10).rounded())
    return "\(tenths / 10).\(abs(tenths % 10))"
  }
}
