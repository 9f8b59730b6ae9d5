import Catalog
import FoundationEssentials
import Vocabulary

extension BundleDescriptor {
  /// No descriptor is longer.
  package static let maximumBytes = 1 << 20

  /// The bundle that a descriptor tells; its repo is the name of the folder it is in.
  ///
  /// - Throws: `BundleDescriptorError` when the bytes are not what `text` makes of a bundle.
  package static func parse(_ bytes: [UInt8]) throws(BundleDescriptorError) -> BundleRecord {
    guard bytes.count <= maximumBytes, let fields = try? JSONDecoder().decode(Fields.self, from: Data(bytes)),
      [format1, format2].contains(fields.format), let bundle = try? fields.bundle(),
      text(bundle, folder: bundle.repo).utf8.elementsEqual(bytes)
    else { throw BundleDescriptorError() }
    return bundle
  }
}

/// A file that is no descriptor as this version writes them.
package struct BundleDescriptorError: Error, CustomStringConvertible {
  package let description = "it is not a descriptor of a bundle"
}

private struct Fields: Decodable {
  var format: String
  var id: String
  var repo: String
  var sequence: Int64
  var digest: String
  var message: String
  var label: String?
  var author: String?
  var push: String
  var fileCount: Int64
  var byteCount: Int64
  var createdAt: String
  var parents: [String]?
  var contributors: [String]?

  func bundle() throws -> BundleRecord? {
    guard let id = BundleID(id), let digest = Digest(hex: digest), let push = PushID(push), sequence > 0,
      fileCount >= 0, byteCount >= 0, let createdAt = timestamp(createdAt)
    else { return nil }
    return BundleRecord(
      id: id, repo: try RepoName(repo), sequence: sequence, digest: digest, message: message,
      label: try label.map { try LabelName($0) }, author: author, push: push, fileCount: fileCount,
      byteCount: byteCount, createdAt: createdAt,
      parents: (parents ?? []).compactMap { BundleID($0) }, contributors: contributors ?? [])
  }
}

/// The moment that `Timestamp.rfc3339` wrote so; other spellings may come out as any moment.
private func timestamp(_ text: String) -> Timestamp? {
  let numbers = text.split { !$0.isASCII || !$0.isNumber }.compactMap { Int64($0) }
  guard numbers.count == 7, numbers.allSatisfy({ $0 <= 9999 }) else { return nil }
  // Days since 1970 in the proleptic Gregorian calendar, counted from 1 March of year 0.
  let (year, month) = numbers[1] > 2 ? (numbers[0], numbers[1] - 3) : (numbers[0] - 1, numbers[1] + 9)
  let leapDays = floorDivide(year, 4) - floorDivide(year, 100) + floorDivide(year, 400)
  let days = 365 * year + leapDays + (153 * month + 2) / 5 + numbers[2] - 1 - 719_468
  let seconds = ((days * 24 + numbers[3]) * 60 + numbers[4]) * 60 + numbers[5]
  return Timestamp(milliseconds: seconds * 1000 + numbers[6])
}

private func floorDivide(_ value: Int64, _ by: Int64) -> Int64 { value / by - (value % by < 0 ? 1 : 0) }
