import Client
import Foundation
import Platform
import Vocabulary

func sourceFile(
  _ path: String, size: Int64 = 3, mtime: Int64 = 1, mode: UInt32 = 0o644, inode: UInt64 = 5, ctime: Int64 = 6
) throws -> SourceFile {
  SourceFile(
    path: try BundlePath(path), localPath: "/data/\(path)",
    info: FileInfo(
      kind: .file, size: size, modifiedNanoseconds: mtime, mode: mode, inode: inode, changedNanoseconds: ctime
    ))
}

func uploadAnswer(id: UploadID = uploadID, state: String, length: Int64? = 3, offset: Int64 = 0) throws
  -> UploadAnswer
{
  let length = length.map(String.init) ?? "null"
  let text = #"{"id":"\#(id)","state":"\#(state)","offset":\#(offset),"length":\#(length),"path":"a"}"#
  return try JSONDecoder().decode(UploadAnswer.self, from: Data(text.utf8))
}

let uploadID = UploadID(milliseconds: 1_700_000_000_000, random: Array(repeating: 7, count: 10))
let pushID = PushID(milliseconds: 1_700_000_000_000, random: Array(repeating: 9, count: 10))
