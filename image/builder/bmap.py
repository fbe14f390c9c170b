"""The block map beside an image: which of its blocks bmaptool has to write, and what they must hold.

Never: a block that only the file system of the builder leaves out.
"""

import hashlib
import pathlib

BLOCK_BYTES = 4096
NO_CHECKSUM = "0" * 64
# bmap-tools, bmap-format 2.0.
TEMPLATE = """\
<?xml version="1.0" ?>
<bmap version="2.0">
    <ImageSize> {size} </ImageSize>
    <BlockSize> {block} </BlockSize>
    <BlocksCount> {blocks} </BlocksCount>
    <MappedBlocksCount> {mapped} </MappedBlocksCount>
    <ChecksumType> sha256 </ChecksumType>
    <BmapFileChecksum> {checksum} </BmapFileChecksum>
    <BlockMap>
{ranges}    </BlockMap>
</bmap>
"""


def make(image: pathlib.Path) -> str:
    """The map of an image: every range of blocks that are not zero."""
    ranges, mapped, start = [], 0, None
    count = -(-image.stat().st_size // BLOCK_BYTES)
    with image.open("rb") as content:
        digest = hashlib.sha256()
        for number in range(count + 1):
            block = content.read(BLOCK_BYTES)
            if any(block):
                if start is None:
                    start, digest = number, hashlib.sha256()
                digest.update(block)
                mapped += 1
            elif start is not None:
                ranges.append((start, number - 1, digest.hexdigest()))
                start = None
    lines = "".join(
        f'        <Range chksum="{checksum}"> {first}-{last} </Range>\n' if last > first
        else f'        <Range chksum="{checksum}"> {first} </Range>\n'
        for first, last, checksum in ranges
    )
    fields = {"size": image.stat().st_size, "block": BLOCK_BYTES, "blocks": count, "mapped": mapped, "ranges": lines}
    # The file's own checksum is taken while zeros stand for it.
    blank = TEMPLATE.format(checksum=NO_CHECKSUM, **fields)
    return TEMPLATE.format(checksum=hashlib.sha256(blank.encode()).hexdigest(), **fields)
